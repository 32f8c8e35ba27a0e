//go:build package

package distribution

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"runtime"
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

func TestDebHoldsItsFiles(t *testing.T) {
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
		got[strings.TrimPrefix(header.Name, "./")] = fmt.Sprint(header.FileInfo().Mode(), " ", header.Uname, ":", header.Gname)
	}

	const program, public, ours = "-rwxr-xr-x root:root", "-rw-r--r-- root:root", "root:otelcol-openstack-audit"
	for name, want := range map[string]string{
		"usr/bin/otelcol-openstack-audit":                                  program,
		"usr/bin/audit-verify":                                             program,
		"usr/bin/audit-tail":                                               program,
		"usr/bin/otelcol-openstack-audit-doctor":                           program,
		"usr/share/man/man1/audit-tail.1.gz":                               public,
		"usr/share/man/man1/otelcol-openstack-audit-doctor.1.gz":           public,
		"usr/share/man/man1/audit-verify.1.gz":                             public,
		unit:                                                               public,
		"etc/otelcol-openstack-audit/":                                     "drwxr-x--- " + ours,
		"etc/otelcol-openstack-audit/config.yaml":                          "-rw-r----- " + ours,
		environment:                                                        "-rw-r----- " + ours,
		documentation + "copyright":                                        public,
		documentation + "third-party-licences.gz":                          public,
		documentation + "config/durable.yaml":                              public,
		documentation + "deploy/prometheus/backend.rules.yml":              public,
		documentation + "deploy/helm/otelcol-openstack-audit/files/config": "L--------- root:root",
		"usr/share/bash-completion/completions/otelcol-openstack-audit":    public,
	} {
		assert.Equal(t, want, got[name], name)
	}
	for name := range got {
		assert.NotContains(t, name, "quickstart", "these configurations need files of the repository")
		assert.NotRegexp(t, `_test\.go$|/deploy/package/`, name)
	}

	kept, err := exec.CommandContext(t.Context(), "dpkg-deb", "--info", deb(t), "conffiles").Output()
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"/etc/otelcol-openstack-audit/config.yaml", "/" + environment}, strings.Fields(string(kept)),
		"what an upgrade does not overwrite")
}

// What a distribution asks of its packages.
func TestPackagesAreCleanOfComplaints(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "lintian", "--allow-root", "--fail-on", "error,warning", deb(t)).CombinedOutput()
	require.NoError(t, err, "%s", output)

	packages, err := filepath.Glob(filepath.Join(root, "build", "packages", "*.rpm"))
	require.NoError(t, err)
	require.NotEmpty(t, packages)
	arguments := append([]string{"-c", filepath.Join(root, "deploy/package/rpmlint.toml")}, packages...)
	output, err = exec.CommandContext(t.Context(), "rpmlint", arguments...).CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Contains(t, string(output), " 0 errors")
}

// Each link between the pages of the package leads to a file of the package.
func TestPackagedLinks(t *testing.T) {
	installed := t.TempDir()
	run(t, exec.CommandContext(t.Context(), "dpkg-deb", "--extract", deb(t), installed))
	pages := 0
	require.NoError(t, filepath.WalkDir(filepath.Join(installed, documentation), func(page string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(page) != ".md" {
			return err
		}
		pages++
		for _, link := range links.FindAllSubmatch(read(t, page), -1) {
			if file := string(link[1]); file != "" {
				found, globErr := filepath.Glob(filepath.Join(filepath.Dir(page), file))
				require.NoError(t, globErr)
				assert.NotEmpty(t, found, "%s links to %s", page, file)
			}
		}
		return nil
	}))
	assert.Greater(t, pages, 15)
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
		require.Len(t, check, 4)
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
	packages, err := filepath.Glob(filepath.Join(root, "build", "packages", "*_"+runtime.GOARCH+".deb"))
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
	_, options, found := strings.Cut(string(read(t, filepath.Join(installed, unit))), "\nEnvironment=OTELCOL_OPTIONS=")
	require.True(t, found, "the options that the environment file may name anew")
	options, _, _ = strings.Cut(options, "\n")
	line = strings.ReplaceAll(line, "$OTELCOL_OPTIONS", options)
	return strings.Fields(strings.NewReplacer("/usr/bin/", installed+"/usr/bin/", "/etc/", installed+"/etc/").Replace(line))
}

func run(t *testing.T, command *exec.Cmd) {
	t.Helper()
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s: %s", command, output)
}
