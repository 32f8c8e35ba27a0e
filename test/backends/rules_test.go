package backends

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrometheusRules(t *testing.T) {
	t.Parallel()
	promtool := lookPath(t, "promtool", "prometheus")
	folder := filepath.Join(root, "deploy", "prometheus")
	for _, action := range []struct{ verb, pattern string }{{"check", "*.rules.yml"}, {"test", "*.rules.test.yml"}} {
		files, err := filepath.Glob(filepath.Join(folder, action.pattern))
		require.NoError(t, err)
		require.Len(t, files, 2)
		out, err := exec.CommandContext(t.Context(), promtool, append([]string{action.verb, "rules"}, files...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		t.Logf("promtool %s rules\n%s", action.verb, out)
	}
}

// What the health alerts stand on is what our components say that they measure.
func TestRulesUseMetricsThatExist(t *testing.T) {
	t.Parallel()
	var documented strings.Builder
	documents, err := filepath.Glob(filepath.Join(root, "*", "*", "documentation.md"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(documents), 3)
	for _, document := range documents {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		documented.Write(text)
	}
	metric := regexp.MustCompile(`otelcol_(openstack_audit|processor_keystone)\w+`)
	files, err := filepath.Glob(filepath.Join(root, "deploy", "*", "*.*"))
	require.NoError(t, err)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, name := range metric.FindAllString(string(text), -1) {
			found++
			require.Contains(t, documented.String(), "### "+strings.TrimSuffix(name, "_bucket")+"\n", "%s", file)
		}
	}
	require.Greater(t, found, 20)
}
