//go:build package

package distribution

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

const (
	unit          = "usr/lib/systemd/system/otelcol-openstack-audit.service"
	environment   = "etc/otelcol-openstack-audit/environment"
	documentation = "usr/share/doc/otelcol-openstack-audit/"
)

// The rpm is made of the same nfpm.yaml; nothing here reads it.
func TestDebHoldsItsFiles(t *testing.T) {
	const public, ours = "-rw-r--r-- root:root", "root:otelcol-openstack-audit"
	want := map[string]string{
		"usr/bin/otelcol-openstack-audit":         "-rwxr-xr-x root:root",
		"usr/bin/audit-verify":                    "-rwxr-xr-x root:root",
		unit:                                      public,
		"etc/otelcol-openstack-audit/":            "drwxr-x--- " + ours,
		"etc/otelcol-openstack-audit/config.yaml": "-rw-r----- " + ours,
		environment:                               "-rw-r----- " + ours,
		documentation + "copyright":               public,
	}
	for _, pattern := range []string{
		"README.md", "docs/*.md", "config/[^q]*.yaml", "deploy/elasticsearch/*", "deploy/grafana/*", "deploy/kolla-ansible/*", "deploy/loki/*",
		"deploy/opensearch/*",
		"deploy/prometheus/*", "deploy/rabbitmq/*", "deploy/helm/*/*.*", "deploy/helm/*/templates/*",
	} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, paths, pattern)
		for _, path := range paths {
			relative, err := filepath.Rel(root, path)
			require.NoError(t, err)
			want[documentation+relative] = public
		}
	}

	for _, linked := range []string{"config", "grafana", "prometheus"} { // to the same folders as in the repository
		want[documentation+"deploy/helm/otelcol-openstack-audit/files/"+linked] = "L--------- root:root"
	}

	var archive bytes.Buffer
	extract := exec.CommandContext(t.Context(), "dpkg-deb", "--fsys-tarfile", deb(t))
	extract.Stdout = &archive
	require.NoError(t, extract.Run())
	got := map[string]string{}
	for files := tar.NewReader(&archive); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		name, owner := strings.TrimPrefix(header.Name, "./"), header.Uname+":"+header.Gname
		if header.Typeflag == tar.TypeDir && owner == "root:root" {
			continue // on the way to the others
		}
		got[name] = fmt.Sprint(header.FileInfo().Mode(), " ", owner)
	}
	assert.Equal(t, want, got)

	kept, err := exec.CommandContext(t.Context(), "dpkg-deb", "--info", deb(t), "conffiles").Output()
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"/etc/otelcol-openstack-audit/config.yaml", "/" + environment}, strings.Fields(string(kept)),
		"what an upgrade does not overwrite")
}

func TestDebRuns(t *testing.T) {
	installed := t.TempDir()
	run(t, exec.CommandContext(t.Context(), "dpkg-deb", "--extract", deb(t), installed))
	values := packagedEnvironment(t, installed)

	t.Run("systemd accepts the unit", func(t *testing.T) {
		_, err := exec.LookPath("systemd-analyze")
		require.NoError(t, err, "install the package systemd")
		// systemd's own units are not in there
		run(t, exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
			"--root="+installed, filepath.Base(unit)))
	})

	t.Run("every configuration is valid", func(t *testing.T) {
		check := unitCommand(t, installed, "ExecStartPre")
		packaged, err := filepath.Glob(filepath.Join(installed, documentation, "config", "*.yaml"))
		require.NoError(t, err)
		require.NotEmpty(t, packaged)
		for _, configuration := range append(packaged, strings.TrimPrefix(check[2], "--config=")) {
			validate := exec.CommandContext(t.Context(), check[0], slices.Concat([]string{"validate", "--config=" + configuration}, check[3:])...)
			validate.Env = values
			run(t, validate)
		}
	})

	t.Run("what is validated is what is started and reloaded", func(t *testing.T) {
		text := string(read(t, filepath.Join(installed, unit)))
		check, start := unitCommand(t, installed, "ExecStartPre"), unitCommand(t, installed, "ExecStart")
		assert.Equal(t, slices.Insert(start, 1, "validate"), check)
		assert.Equal(t, check, unitCommand(t, installed, "ExecReload"), "a configuration that is not valid ends a collector that reloads it")
		assert.Contains(t, text, "\nEnvironmentFile=/"+environment+"\n")
	})

	t.Run("the service tells of each component", func(t *testing.T) {
		addresses := collectortest.FreeAddresses(t, 3)
		arguments := slices.Concat([]string{"-i"}, values, []string{ // systemd gives it nothing else
			"AUDIT_HEALTH_ENDPOINT=" + addresses[0],
			"AUDIT_METRICS_PORT=" + collectortest.Port(t, addresses[1]),
			"AUDIT_TRANSPORT_URL=rabbit://audit:change-me@" + addresses[2] + "/",
			"AUDIT_STATE=" + t.TempDir(),
		}, unitCommand(t, installed, "ExecStart"))
		service := collectortest.Start(t, nil, "env", arguments...)
		service.Eventually(t, func() bool {
			status, _ := collectortest.Get(t.Context(), "http://"+addresses[0]+"/status?verbose")
			return strings.Contains(status, `"receiver:openstack_audit"`)
		}, "it does not tell of its receiver")
	})
}

// deb gives the path of the package, which these tests look at and do not build.
func deb(t *testing.T) string {
	t.Helper()
	packages, err := filepath.Glob(filepath.Join(root, "build", "packages", "*.deb"))
	require.NoError(t, err)
	require.Len(t, packages, 1, "the package is not built: run make package")
	return packages[0]
}

// packagedEnvironment is what systemd gives to the service of an unpacked package, as systemd.exec(5) reads it.
func packagedEnvironment(t *testing.T, installed string) []string {
	t.Helper()
	var values []string
	for line := range strings.Lines(string(read(t, filepath.Join(installed, environment)))) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			values = append(values, line)
		}
	}
	require.NotEmpty(t, values)
	return values
}

// unitCommand is the first command of that name in the unit of an unpacked package, with the paths of that.
func unitCommand(t *testing.T, installed, name string) []string {
	t.Helper()
	_, rest, found := strings.Cut(string(read(t, filepath.Join(installed, unit))), "\n"+name+"=")
	require.True(t, found, name)
	line, _, _ := strings.Cut(rest, "\n")
	return strings.Fields(strings.NewReplacer("/usr/bin/", installed+"/usr/bin/", "/etc/", installed+"/etc/").Replace(line))
}

func run(t *testing.T, command *exec.Cmd) {
	t.Helper()
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s: %s", command, output)
}
