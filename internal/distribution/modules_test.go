package distribution

import (
	"encoding/json"
	"os/exec"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who builds a collector from our components gets what go.mod requires: the versions of modules that only our tests need would become his.
func TestModuleRequiresNothingForTestsAlone(t *testing.T) {
	var required struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	require.NoError(t, json.Unmarshal(printed(t, "go", "mod", "edit", "-json"), &required))

	var named manifest
	readYAML(t, path.Join(root, "builder-config.yaml"), &named)
	shipped := []string{"./cmd/..."}
	for _, entries := range named.Components {
		for _, entry := range entries {
			if entry.Import != "" {
				shipped = append(shipped, entry.Import)
			}
		}
	}
	needed := map[string]bool{}
	arguments := append([]string{"list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}"}, shipped...)
	for path := range strings.FieldsSeq(string(printed(t, "go", arguments...))) {
		needed[path] = true
	}
	// The Collector's own modules, and what they require (testify for one), are in every collector's module graph.
	for line := range strings.Lines(string(printed(t, "go", "mod", "graph"))) {
		from, to, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(from, core+"/") {
			to, _, _ = strings.Cut(to, "@")
			needed[to] = true
		}
	}
	for _, requirement := range required.Require {
		if !requirement.Indirect && !strings.HasPrefix(requirement.Path, core+"/") {
			assert.True(t, needed[requirement.Path], "go.mod requires %s for tests alone: use it in internal/tools/test", requirement.Path)
		}
	}
}

// printed returns what a command prints in the top folder.
func printed(t *testing.T, program string, arguments ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = root
	output, err := command.Output()
	require.NoError(t, err)
	return output
}
