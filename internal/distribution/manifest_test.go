package distribution

import (
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

const module = "github.com/openstack-audit/otelcol-openstack-audit"

// manifest is builder-config.yaml; its components are by section: receivers, processors and so on.
type manifest struct {
	Dist struct {
		Name        string `yaml:"name"`
		Description string `yaml:"description"`
		Version     string `yaml:"version"`
	} `yaml:"dist"`
	Replaces   []string           `yaml:"replaces"`
	Components map[string][]entry `yaml:",inline"`
}

type entry struct {
	GoMod  string `yaml:"gomod"`
	Import string `yaml:"import"`
}

// inventory is what the components command prints, by the same sections.
type inventory struct {
	BuildInfo struct {
		Command     string `yaml:"command"`
		Description string `yaml:"description"`
		Version     string `yaml:"version"`
	} `yaml:"buildinfo"`
	Components map[string][]component `yaml:",inline"`
}

type component struct {
	Name   string `yaml:"name"`
	Module string `yaml:"module"`
}

func TestBinaryContainsWhatTheManifestNames(t *testing.T) {
	var named manifest
	readYAML(t, filepath.Join(root, "builder-config.yaml"), &named)
	var printed inventory
	output, err := exec.CommandContext(t.Context(), collectortest.Binary(t), "components").Output()
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(output, &printed))

	assert.Equal(t, named.Dist.Name, printed.BuildInfo.Command)
	assert.Equal(t, named.Dist.Description, printed.BuildInfo.Description)
	version, _, _ := strings.Cut(printed.BuildInfo.Version, "+") // the commit follows
	assert.Equal(t, named.Dist.Version, version)
	require.ElementsMatch(t, slices.Collect(maps.Keys(named.Components)), slices.Collect(maps.Keys(printed.Components)))
	for section, entries := range named.Components {
		t.Run(section, func(t *testing.T) {
			require.NotEmpty(t, entries)
			assert.ElementsMatch(t, namedComponents(t, entries), printedComponents(printed.Components[section]),
				"builder-config.yaml (first list) and %s components (second list) differ", named.Dist.Name)
		})
	}
}

func TestManifestNamesEveryComponentPackage(t *testing.T) {
	var named manifest
	readYAML(t, filepath.Join(root, "builder-config.yaml"), &named)
	for _, kind := range []string{"receiver", "processor", "connector", "extension"} {
		files, err := filepath.Glob(filepath.Join(root, kind, "*", "metadata.yaml"))
		require.NoError(t, err)
		var packages, imports []string
		for _, file := range files {
			packages = append(packages, path.Join(module, kind, filepath.Base(filepath.Dir(file))))
		}
		for _, entry := range named.Components[kind+"s"] {
			if entry.Import != "" {
				imports = append(imports, entry.Import)
			}
		}
		assert.ElementsMatch(t, packages, imports, "packages in %s (first list) and builder-config.yaml (second list) differ", kind)
	}
}

// namedComponents gives the module and version of each entry; one of this module, which holds several components, also
// the type that its metadata.yaml declares.
func namedComponents(t *testing.T, entries []entry) []component {
	t.Helper()
	var components []component
	for _, entry := range entries {
		named := component{Module: entry.GoMod}
		if entry.Import != "" {
			folder, err := filepath.Rel(module, entry.Import)
			require.NoError(t, err)
			var metadata struct {
				Type string `yaml:"type"`
			}
			readYAML(t, filepath.Join(root, folder, "metadata.yaml"), &metadata)
			named.Name = metadata.Type
		}
		components = append(components, named)
	}
	return components
}

// printedComponents drops the names that the manifest does not have: those of other projects' components.
func printedComponents(components []component) []component {
	var printed []component
	for _, component := range components {
		if component.Module != module+" v0.0.0" {
			component.Name = ""
		}
		printed = append(printed, component)
	}
	return printed
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(content, into), file)
}
