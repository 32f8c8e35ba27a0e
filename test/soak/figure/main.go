// Command figure draws what a soak wrote down, and prints the table that compares its second quarter with its last. The run may still go
// on.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/test/soak/samples"
)

func main() {
	csvFile := flag.String("csv", "build/soak.csv", "what the soak wrote")
	svgFile := flag.String("svg", "docs/soak.svg", "where the figure goes")
	page := flag.String("page", "", "a page whose part between <!-- soak --> and <!-- end soak --> becomes the table; empty: it is printed")
	flag.Parse()
	if err := run(*csvFile, *svgFile, *page); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(csvFile, svgFile, page string) error {
	in, err := os.Open(csvFile)
	if err != nil {
		return err
	}
	all, err := samples.Read(in)
	if err := errors.Join(err, in.Close()); err != nil {
		return fmt.Errorf("%s: %w", csvFile, err)
	}
	out, err := os.Create(svgFile)
	if err != nil {
		return err
	}
	if err := errors.Join(samples.Figure(out, all), out.Close()); err != nil {
		return err
	}
	var table strings.Builder
	if err := samples.Table(&table, all); err != nil {
		return err
	}
	if page == "" {
		_, err = os.Stdout.WriteString(table.String())
		return err
	}
	return replace(page, table.String())
}

// replace puts the table where the page had the one of the run before.
func replace(page, table string) error {
	const begin, end = "<!-- soak -->\n", "<!-- end soak -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s has no %s… %s", page, begin, end)
	}
	return os.WriteFile(page, []byte(before+begin+table+end+after), 0o644) //nolint:gosec // a page for all
}
