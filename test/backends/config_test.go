package backends

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each is valid as it stands, with none of its variables set.
func TestConfigurationsAreValid(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ configuration, option string }{
		{"prometheus.yaml", ""},
		{"loki.yaml", ""},
		{"elasticsearch.yaml", ""},
		{"elasticsearch-ecs.yaml", ""},
		{"full.yaml", ""},
		{"full.yaml", "--feature-gates=+extension.healthcheck.useComponentStatus"},
	} {
		t.Run(test.configuration+test.option, func(t *testing.T) {
			t.Parallel()
			arguments := []string{"validate", "--config", filepath.Join(root, "config", test.configuration)}
			if test.option != "" {
				arguments = append(arguments, test.option)
			}
			out, err := exec.CommandContext(t.Context(), binary(t), arguments...).CombinedOutput()
			require.NoError(t, err, "%s", out)
		})
	}
}
