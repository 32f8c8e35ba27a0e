package config_test

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// docs/security.md says which ports and files there are: those of every shipped configuration and unit, and no others.
func TestSecurityPageNamesPortsAndFiles(t *testing.T) {
	ports, files := map[string]bool{}, map[string]bool{}
	configurations, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, configurations)
	for _, configuration := range configurations {
		var c map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(readFile(t, configuration)), &c), configuration)
		addListeners(ports, c)
		addFiles(files, c)
	}
	addUnit(t, files, readFile(t, "../deploy/systemd/otelcol-openstack-audit.service"))

	assert.ElementsMatch(t, slices.Collect(maps.Keys(ports)), codeOfFirstColumn(t, "## Ports"))
	assert.ElementsMatch(t, slices.Collect(maps.Keys(files)), codeOfFirstColumn(t, "## Files"))
}

// addListeners finds the addresses at which a configuration listens. An endpoint of a receiver or an extension is one; of the exporters
// only Prometheus's listens.
func addListeners(ports map[string]bool, c map[string]any) {
	listening := []any{c["receivers"], c["extensions"]}
	if exporters, ok := c["exporters"].(map[string]any); ok {
		listening = append(listening, exporters["prometheus"])
	}
	for _, section := range listening {
		walk(section, func(key string, value any, _ map[string]any) {
			if text, ok := value.(string); ok && key == "endpoint" {
				ports[withDefault(text)] = true
			}
		})
	}
	walk(c["service"], func(key string, value any, parent map[string]any) {
		if host, ok := value.(string); ok && key == "host" {
			ports[net.JoinHostPort(withDefault(host), withDefault(parent["port"].(string)))] = true
		}
	})
}

func addFiles(files map[string]bool, c map[string]any) {
	walk(c, func(key string, value any, _ map[string]any) {
		if !slices.Contains([]string{"directory", "path", "filename", "include", "key_file", "socket"}, key) {
			return
		}
		values, ok := value.([]any)
		if !ok {
			values = []any{value}
		}
		for _, value := range values {
			if text, ok := value.(string); ok {
				path := withDefault(text)
				for strings.Contains(path, "*") { // the folder in which files are looked for
					path = filepath.Dir(path)
				}
				files[path] = true
			}
		}
	})
}

func addUnit(t *testing.T, files map[string]bool, text string) {
	t.Helper()
	for _, test := range []struct{ key, folder string }{{"StateDirectory", "/var/lib/"}, {"LogsDirectory", "/var/log/"},
		{"EnvironmentFile", ""}} {
		_, rest, found := strings.Cut(text, "\n"+test.key+"=")
		require.True(t, found, test.key)
		name, _, _ := strings.Cut(rest, "\n")
		files[test.folder+name] = true
	}
	_, rest, found := strings.Cut(text, "\nEnvironment=OTELCOL_OPTIONS=--config=")
	require.True(t, found)
	files[strings.Fields(rest)[0]] = true
}

// walk calls f for each member of each map, the outer ones first.
func walk(value any, f func(key string, value any, parent map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		for key, item := range value {
			f(key, item, value)
			walk(item, f)
		}
	case []any:
		for _, item := range value {
			walk(item, f)
		}
	}
}

var variable = regexp.MustCompile(`\$\{env:\w+(?::-([^}]*))?\}`)

// withDefault is a text of a configuration when none of its variables is set.
func withDefault(text string) string { return variable.ReplaceAllString(text, "$1") }

var code = regexp.MustCompile("`([^`]+)`")

// codeOfFirstColumn are the texts in backquotes of a table's first column, in the section of the page.
func codeOfFirstColumn(t *testing.T, heading string) (texts []string) {
	t.Helper()
	_, section, found := strings.Cut(readFile(t, "../docs/security.md"), heading+"\n")
	require.True(t, found, heading)
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, text := range code.FindAllStringSubmatch(cells[1], -1) {
				texts = append(texts, text[1])
			}
		}
	}
	require.NotEmpty(t, texts, heading)
	return texts
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Clean(path))
	require.NoError(t, err)
	return string(text)
}
