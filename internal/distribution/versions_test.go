package distribution

import (
	"debug/buildinfo"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// The one release of the Collector that everything is built from, and its stable modules' number of it.
const (
	collectorVersion       = "v0.158.0"
	stableCollectorVersion = "v1.64.0"
)

const (
	core    = "go.opentelemetry.io/collector"
	contrib = "github.com/open-telemetry/opentelemetry-collector-contrib"
)

// otherVersions are the modules that may have another version than the rest.
var otherVersions = []struct{ module, version, reason string }{
	{contrib + "/connector/routingconnector", "v0.157.0", "v0.158.0 cannot be had with a verified checksum"},
	{contrib + "/exporter/elasticsearchexporter", "v0.156.0", "v0.158.0 cannot be had with a verified checksum"},
	{contrib + "/extension/pprofextension", "v0.157.0", "v0.158.0 cannot be had with a verified checksum"},
}

// replaced are the modules that may be built from something else than their name and version say.
var replaced = map[string]string{
	"go.opentelemetry.io/ebpf-profiler": "go.opentelemetry.io/ebpf-profiler v0.0.202606", // v0.0.202623 has no verified checksum
	module:                              "../.. (devel)",                                 // this work tree
}

func TestBinaryIsBuiltFromOneRelease(t *testing.T) {
	info, err := buildinfo.ReadFile(collectortest.Binary(t))
	require.NoError(t, err)

	built := map[string]string{}
	for _, dependency := range info.Deps {
		built[dependency.Path] = dependency.Version
		if source := dependency.Replace; source != nil {
			assert.Equal(t, replaced[dependency.Path], source.Path+" "+source.Version, "replacement of %s", dependency.Path)
		}
	}
	require.Contains(t, built, core+"/otelcol")
	assertOneRelease(t, built)
	for _, other := range otherVersions {
		assert.Equal(t, other.version, built[other.module], "the exception for %s (%s) is outdated", other.module, other.reason)
	}
}

func TestModulesRequireOneRelease(t *testing.T) {
	for _, file := range []string{"go.mod", "internal/tools/go.mod"} {
		t.Run(file, func(t *testing.T) {
			output, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", filepath.Join(root, file)).Output()
			require.NoError(t, err)
			var parsed struct {
				Require []struct{ Path, Version string }
				Replace []struct{ Old struct{ Path string } }
			}
			require.NoError(t, json.Unmarshal(output, &parsed))

			required := map[string]string{}
			for _, requirement := range parsed.Require {
				required[requirement.Path] = requirement.Version
			}
			require.NotEmpty(t, required)
			assertOneRelease(t, required)
			assert.Empty(t, parsed.Replace, "a replacement would not reach those who build their own collector from this module")
		})
	}
}

// assertOneRelease checks the versions of the Collector's modules among the given ones.
func assertOneRelease(t *testing.T, versions map[string]string) {
	t.Helper()
	allowed := map[string]string{}
	for _, other := range otherVersions {
		allowed[other.module] = other.version
	}
	for path, version := range versions {
		if !strings.HasPrefix(path+"/", core+"/") && !strings.HasPrefix(path, contrib+"/") {
			continue
		}
		if version != collectorVersion && version != stableCollectorVersion && version != allowed[path] {
			assert.Fail(t, "another release of the Collector", "%s is %s: want %s or %s", path, version, collectorVersion, stableCollectorVersion)
		}
	}
}
