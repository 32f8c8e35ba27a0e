//go:build release

package release

import (
	"bufio"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

const name = "otelcol-openstack-audit"

// Each file has its checksum, and no file is without.
func TestChecksums(t *testing.T) {
	sums := checksums(t, folder(t))
	files, err := os.ReadDir(folder(t))
	require.NoError(t, err)
	var named []string
	for _, file := range files {
		if file.Name() == "SHA256SUMS" || file.Name() == "SHA256SUMS.asc" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder(t), file.Name()))
		require.NoError(t, err)
		sum := sha256.Sum256(content)
		assert.Equal(t, hex.EncodeToString(sum[:]), sums[file.Name()], file.Name())
		named = append(named, file.Name())
	}
	assert.Len(t, sums, len(named))
	for _, want := range []string{
		"_linux_amd64.tar.gz", "_linux_arm64.tar.gz", "_amd64.deb", "_arm64.deb", ".x86_64.rpm", ".aarch64.rpm", "_oci.tar", "RELEASE_NOTES.md",
		"_linux_amd64.cdx.json", "_linux_arm64.cdx.json",
	} {
		assert.Contains(t, strings.Join(named, "\n")+"\n", want+"\n")
	}
}

// A release that is made again, elsewhere, from the same commit has the same bytes.
func TestMadeAgain(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "somewhere", "else")
	run(t, "git", "clone", "--quiet", fixtures.Root(t), elsewhere)
	// The tools that make it are no part of it.
	require.NoError(t, os.MkdirAll(filepath.Join(elsewhere, "build"), 0o755))
	run(t, "cp", "-a", filepath.Join(fixtures.Root(t), "build", "tools"), filepath.Join(elsewhere, "build"))
	run(t, "make", "-C", elsewhere, "release")
	assert.Equal(t, checksums(t, folder(t)), checksums(t, filepath.Join(elsewhere, "build", "release")))
}

func TestArchitectures(t *testing.T) {
	for _, tt := range []struct {
		architecture string
		machine      elf.Machine
		runner       []string
	}{
		{"amd64", elf.EM_X86_64, nil},
		{"arm64", elf.EM_AARCH64, []string{"qemu-aarch64"}},
	} {
		t.Run(tt.architecture, func(t *testing.T) {
			unpacked := t.TempDir()
			run(t, "tar", "--extract", "--gzip", "--directory", unpacked, "--strip-components=1",
				"--file", one(t, "*_linux_"+tt.architecture+".tar.gz"))
			fromDeb := t.TempDir()
			run(t, "dpkg-deb", "--extract", one(t, "*_"+tt.architecture+".deb"), fromDeb)
			for _, binary := range []string{
				filepath.Join(unpacked, name), filepath.Join(unpacked, "audit-verify"),
				filepath.Join(unpacked, "audit-tail"), filepath.Join(unpacked, name+"-doctor"), filepath.Join(fromDeb, "usr/bin", name),
			} {
				file, err := elf.Open(binary)
				require.NoError(t, err)
				assert.Equal(t, tt.machine, file.Machine, binary)
				libraries, err := file.ImportedLibraries()
				require.NoError(t, err)
				assert.Empty(t, libraries, "it is one file")
				require.NoError(t, file.Close())
			}

			command := append(tt.runner, filepath.Join(unpacked, name))
			components := run(t, command[0], append(command[1:], "components")...)
			assert.Contains(t, components, "openstack_audit")
			version := run(t, command[0], append(command[1:], "--version")...)
			assert.Contains(t, version, strings.TrimSpace(run(t, filepath.Join(fixtures.Root(t), "scripts/version"), "--commit")))
		})
	}
}

// The SBOM names what the binary is made of.
func TestBillOfMaterials(t *testing.T) {
	for _, path := range all(t, "*.cdx.json") {
		var bill struct {
			Format     string `json:"bomFormat"`
			Components []struct{ Name, Version, Purl string }
		}
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(content, &bill))
		assert.Equal(t, "CycloneDX", bill.Format)
		var pdata bool
		for _, component := range bill.Components {
			pdata = pdata || component.Name == "go.opentelemetry.io/collector/pdata" && component.Version == "v1.64.0"
		}
		assert.True(t, pdata, "%s has %d components", path, len(bill.Components))
	}
}

// folder is what make release made.
func folder(t *testing.T) string {
	t.Helper()
	path := filepath.Join(fixtures.Root(t), "build", "release")
	require.DirExists(t, path, "run make release")
	return path
}

func all(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder(t), pattern))
	require.NoError(t, err)
	require.NotEmpty(t, found, pattern)
	return found
}

func one(t *testing.T, pattern string) string {
	t.Helper()
	found := all(t, pattern)
	require.Len(t, found, 1, pattern)
	return found[0]
}

// checksums reads SHA256SUMS, by file.
func checksums(t *testing.T, folder string) map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join(folder, "SHA256SUMS"))
	require.NoError(t, err)
	defer func() { _ = file.Close() }() // read only
	sums := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		sum, name, found := strings.Cut(lines.Text(), "  ")
		require.True(t, found)
		sums[name] = sum
	}
	return sums
}

// run returns what the command printed, and fails with it.
func run(t *testing.T, command string, arguments ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), command, arguments...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s", command, arguments, output)
	return string(output)
}
