// Command documents copies the documentation that goes with a release, and gives its links somewhere to lead: a link to
// what is not copied becomes one to the repository, at that commit.
//
//	documents -out DIR -revision COMMIT PATH...
//
// Paths are those of files, from the top of the repository, which is the current folder.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const repository = "https://github.com/openstack-audit/otelcol-openstack-audit/blob/"

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	out := flag.String("out", "", "folder to copy to")
	revision := flag.String("revision", "main", "commit to which links lead that leave the folder")
	flag.Parse()
	if *out == "" || flag.NArg() == 0 {
		flag.Usage()
		return errors.New("-out and paths are needed")
	}
	for _, name := range flag.Args() {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if path.Ext(name) == ".md" {
			content = link.ReplaceAllFunc(content, func(found []byte) []byte {
				parts := link.FindSubmatch(found)
				target := path.Join(path.Dir(name), string(parts[1]))
				if copied(flag.Args(), target) {
					return found
				}
				return fmt.Appendf(nil, "](%s%s/%s%s)", repository, *revision, target, parts[2])
			})
		}
		to := filepath.Join(*out, filepath.FromSlash(name))
		if err = os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err = os.WriteFile(to, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// copied reports whether the file, or one in the folder, is among the paths.
func copied(paths []string, target string) bool {
	return slices.ContainsFunc(paths, func(name string) bool { return name == target || strings.HasPrefix(name, target+"/") })
}
