//go:build foreign

package foreign

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

const ours = "github.com/openstack-audit/otelcol-openstack-audit"

func TestForeignDistribution(t *testing.T) {
	manifest, err := os.ReadFile("builder-config.yaml")
	require.NoError(t, err)
	version, proxy := release(t)
	work := t.TempDir()
	text := strings.ReplaceAll(string(manifest), ours+" v0.1.0", ours+" "+version)
	require.NotEqual(t, string(manifest), text)
	require.NoError(t, os.WriteFile(filepath.Join(work, "builder-config.yaml"), []byte(text), 0o600))

	build := exec.CommandContext(t.Context(), filepath.Join(fixtures.Root(t), "build/tools/builder"), "--config", "builder-config.yaml")
	build.Dir = work
	// The sum database cannot know what is not published. All other modules are checked.
	build.Env = append(os.Environ(), "GOPROXY=file://"+proxy+","+output(t, "go", "env", "GOPROXY"), "GONOSUMDB="+ours, "CGO_ENABLED=0")
	log, err := build.CombinedOutput()
	require.NoError(t, err, "%s", log)
	binary := filepath.Join(work, "otelcol-own", "otelcol-own")

	t.Run("has the components", func(t *testing.T) {
		var named map[string]any
		require.NoError(t, yaml.Unmarshal(manifest, &named))
		var printed map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(output(t, binary, "components")), &printed))
		for _, section := range []string{"receivers", "processors", "connectors", "exporters", "extensions"} {
			assert.Len(t, printed[section], len(named[section].([]any)), section)
		}
		assert.Contains(t, output(t, binary, "components"), ours+" "+version)
	})

	t.Run("needs no module that only our tests need", func(t *testing.T) {
		list := exec.CommandContext(t.Context(), "go", "list", "-mod=mod", "-m", "all")
		list.Dir = filepath.Dir(binary)
		list.Env = build.Env
		modules, err := list.Output()
		require.NoError(t, err)
		for _, unwanted := range []string{"twmb/franz-go", "santhosh-tekuri/jsonschema", "golangci/golangci-lint"} {
			assert.NotContains(t, string(modules), unwanted)
		}
	})

	t.Run("audit-verify can be installed", func(t *testing.T) {
		install := exec.CommandContext(t.Context(), "go", "install", ours+"/cmd/audit-verify@"+version)
		install.Env = append(build.Env, "GOBIN="+work)
		log, err := install.CombinedOutput()
		require.NoError(t, err, "%s", log)
		assert.FileExists(t, filepath.Join(work, "audit-verify"))
	})

	backend := collectortest.NewBackend(t, "/v1/logs")
	address := collectortest.FreeAddress(t)
	environment := []string{
		"AUDIT_LISTEN_ENDPOINT=" + address, "AUDIT_LISTEN_PASSWORD=secret",
		"AUDIT_OTLP_ENDPOINT=" + backend.URL, "AUDIT_STATE=" + filepath.Join(work, "state"),
	}
	t.Run("validates a configuration", func(t *testing.T) {
		validate := exec.CommandContext(t.Context(), binary, "validate", "--config", "own.yaml")
		validate.Env = append(os.Environ(), environment...)
		log, err := validate.CombinedOutput()
		require.NoError(t, err, "%s", log)
	})
	t.Run("passes an event on", func(t *testing.T) {
		c := collectortest.Start(t, environment, binary, "--config", "own.yaml")
		c.AwaitLog(t, "Everything is ready", 1)
		collectortest.Publish(t, "amqp://keystone:secret@"+address+"/", "keystone", fixtures.Bodies(t, fixtures.KeystoneMessagingV2)[0])
		c.Eventually(t, func() bool { return backend.Count() == 1 }, "the backend has no record")
		c.Stop(t)
	})
}

// release puts the commit into a proxy of modules, as a tag of it would be there. The version is that of these bytes: the cache of modules
// keeps each version for ever.
func release(t *testing.T) (version, proxy string) {
	t.Helper()
	repository := filepath.Join(t.TempDir(), "repository")
	output(t, "git", "clone", "--quiet", "--shared", fixtures.Root(t), repository) // without what is not committed
	commit := output(t, "git", "-C", repository, "rev-parse", "HEAD")
	hash := sha256.Sum256([]byte(commit))
	version = "v0.1.0-test." + hex.EncodeToString(hash[:6])
	var archive bytes.Buffer
	require.NoError(t, zip.CreateFromVCS(&archive, module.Version{Path: ours, Version: version}, repository, "HEAD", ""))
	goMod, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	require.NoError(t, err)

	proxy = t.TempDir()
	folder := filepath.Join(proxy, ours, "@v")
	require.NoError(t, os.MkdirAll(folder, 0o700))
	for suffix, content := range map[string][]byte{
		".info": []byte(`{"Version":"` + version + `"}`), ".mod": goMod, ".zip": archive.Bytes(),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, version+suffix), content, 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "list"), []byte(version+"\n"), 0o600))
	cache := output(t, "go", "env", "GOMODCACHE")
	t.Cleanup(func() { forget(t, cache, version) })
	return version, proxy
}

// forget takes a version of ours out of the cache of modules.
func forget(t *testing.T, cache, version string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(cache, "cache/download", ours, "@v", version+".*"))
	require.NoError(t, err)
	for _, path := range slices.Concat(found, []string{filepath.Join(cache, ours+"@"+version)}) {
		require.NoError(t, exec.Command("chmod", "-R", "u+w", path).Run())
		require.NoError(t, os.RemoveAll(path))
	}
}

// output returns what a command prints, without the newline at its end.
func output(t *testing.T, program string, arguments ...string) string {
	t.Helper()
	printed, err := exec.CommandContext(t.Context(), program, arguments...).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(printed))
}
