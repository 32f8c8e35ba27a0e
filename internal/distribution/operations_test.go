package distribution

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each variable of the packaged configurations stands in the service's environment file, with the value that it has otherwise.
func TestEnvironmentNamesEachVariable(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(root, "config", "[^q]*.yaml")) // all but those of the quickstart
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	defaults := map[string][]string{}
	for _, path := range paths {
		for _, variable := range regexp.MustCompile(`\$\{env:(\w+)(?::-([^}]*))?\}`).FindAllSubmatch(read(t, path), -1) {
			name := string(variable[1])
			defaults[name] = append(defaults[name], string(variable[2]))
		}
	}
	settings := read(t, filepath.Join(root, "deploy", "systemd", "environment"))
	named := regexp.MustCompile(`(?m)^#?(AUDIT_\w+)=(.*)$`).FindAllSubmatch(settings, -1)
	assert.Len(t, named, len(defaults))
	for _, line := range named {
		assert.Contains(t, defaults[string(line[1])], string(line[2]), "%s", line[1])
	}
}
