// Command image writes the container image of the distribution as an OCI image layout, without a container engine: one
// index, an image for each architecture. The same files and the same time give the same bytes.
//
//	image -out DIR -version VERSION -revision COMMIT -created SECONDS -config FILE amd64=FOLDER arm64=FOLDER
//
// FOLDER holds the binaries of that architecture, which the image has in /usr/bin.
package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

const (
	name          = "otelcol-openstack-audit"
	configuration = "etc/" + name + "/config.yaml"
	state         = "var/lib/" + name
	user          = 10001
)

type image struct {
	version, revision string
	created           time.Time
	configuration     string
}

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	var made image
	out := flag.String("out", "", "folder of the layout, which must not be there yet")
	flag.StringVar(&made.version, "version", "", "version of the distribution")
	flag.StringVar(&made.revision, "revision", "", "commit that it is built from")
	flag.StringVar(&made.configuration, "config", "", "its /"+configuration)
	created := flag.Int64("created", 0, "time of everything in it, in seconds since 1970")
	flag.Parse()
	made.created = time.Unix(*created, 0).UTC()
	if *out == "" || flag.NArg() == 0 {
		flag.Usage()
		return errors.New("-out and at least one ARCHITECTURE=FOLDER are needed")
	}

	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, argument := range flag.Args() {
		architecture, folder, found := strings.Cut(argument, "=")
		if !found {
			return fmt.Errorf("%s: want ARCHITECTURE=FOLDER", argument)
		}
		platform := v1.Platform{OS: "linux", Architecture: architecture}
		built, err := made.build(platform, folder)
		if err != nil {
			return fmt.Errorf("the image for %s: %w", architecture, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: built, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	// The layout's own index names the image, which is an index of architectures itself.
	folder, err := layout.Write(*out, empty.Index)
	if err != nil {
		return err
	}
	return folder.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": made.version}))
}

func (m image) build(platform v1.Platform, folder string) (v1.Image, error) {
	files, err := m.files(folder)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil },
		tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	built := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if built, err = mutate.Append(built, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: m.created}, CreatedBy: name}}); err != nil {
		return nil, err
	}
	file, err := built.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = platform.OS, platform.Architecture
	file.Created = v1.Time{Time: m.created}
	file.Config = v1.Config{
		User:       fmt.Sprintf("%d:%d", user, user),
		Entrypoint: []string{"/usr/bin/" + name},
		// As the service of the packages starts it.
		Cmd:     []string{"--config=/" + configuration, "--feature-gates=+extension.healthcheck.useComponentStatus"},
		Volumes: map[string]struct{}{"/" + state: {}},
		Env:     []string{"PATH=/usr/bin"},
		Labels: map[string]string{
			"org.opencontainers.image.title":    name,
			"org.opencontainers.image.version":  m.version,
			"org.opencontainers.image.revision": m.revision,
			"org.opencontainers.image.created":  m.created.Format(time.RFC3339),
			"org.opencontainers.image.source":   "https://github.com/openstack-audit/" + name,
			"org.opencontainers.image.licenses": "Apache-2.0",
		},
	}
	return mutate.ConfigFile(built, file)
}

// files gives what the image holds, as a tar: the binaries, the configuration, the certificates of public authorities,
// and a folder for the state. A new volume takes owner and mode of the folder that it is put on.
func (m image) files(folder string) ([]byte, error) {
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	write := func(header tar.Header, content []byte) error {
		header.Size, header.ModTime, header.Format = int64(len(content)), m.created, tar.FormatPAX
		if err := archive.WriteHeader(&header); err != nil {
			return err
		}
		_, err := archive.Write(content)
		return err
	}
	for _, parent := range []string{"etc", "etc/" + name, "etc/ssl", "etc/ssl/certs", "usr", "usr/bin", "var", "var/lib"} {
		if err := write(tar.Header{Typeflag: tar.TypeDir, Name: parent + "/", Mode: 0o755}, nil); err != nil {
			return nil, err
		}
	}
	if err := write(tar.Header{Typeflag: tar.TypeDir, Name: state + "/", Mode: 0o750, Uid: user, Gid: user}, nil); err != nil {
		return nil, err
	}
	if err := write(tar.Header{Typeflag: tar.TypeReg, Name: "etc/ssl/certs/ca-certificates.crt", Mode: 0o644}, authorities()); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(m.configuration)
	if err != nil {
		return nil, err
	}
	if err = write(tar.Header{Typeflag: tar.TypeReg, Name: configuration, Mode: 0o644}, content); err != nil {
		return nil, err
	}
	binaries, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		return nil, err
	}
	if len(binaries) == 0 {
		return nil, fmt.Errorf("no binaries in %s", folder)
	}
	for _, binary := range binaries {
		if content, err = os.ReadFile(binary); err != nil {
			return nil, err
		}
		if err = write(tar.Header{Typeflag: tar.TypeReg, Name: path.Join("usr/bin", filepath.Base(binary)), Mode: 0o755}, content); err != nil {
			return nil, err
		}
	}
	return buffer.Bytes(), archive.Close()
}

// authorities are Mozilla's, of the version that go.mod names, so that the image is the same wherever it is made. An
// authority that is trusted with limits alone is left out: a file of certificates cannot tell them.
func authorities() []byte {
	var buffer bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&buffer, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer does not fail
		}
	}
	return buffer.Bytes()
}
