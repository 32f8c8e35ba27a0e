package backends

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestPrometheusRules(t *testing.T) {
	t.Parallel()
	promtool := lookPath(t, "promtool", "prometheus")
	for _, action := range []struct{ verb, pattern string }{{"check", "*.rules.yml"}, {"test", "*.rules.test.yml"}} {
		files := ruleFiles(t, action.pattern)
		out, err := exec.CommandContext(t.Context(), promtool, append([]string{action.verb, "rules"}, files...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		t.Logf("promtool %s rules\n%s", action.verb, out)
	}
}

func ruleFiles(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "deploy", "prometheus", pattern))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// Of each alert one test shows that it is silent, then that it fires, then that it ends.
func TestEachAlertFiresAndHeals(t *testing.T) {
	t.Parallel()
	healed := map[string]bool{}
	for _, file := range ruleFiles(t, "*.rules.test.yml") {
		var cases struct {
			Tests []struct {
				Name          string
				AlertRuleTest []struct {
					EvalTime  time.Duration `yaml:"eval_time"`
					Alertname string
					ExpAlerts []any `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			}
		}
		readYAML(t, file, &cases)
		for _, test := range cases.Tests {
			states, last := map[string]string{}, map[string]time.Duration{}
			for _, check := range test.AlertRuleTest {
				require.Greater(t, check.EvalTime, last[check.Alertname], "%s: %s: in the order of time", file, test.Name)
				last[check.Alertname] = check.EvalTime
				state := " silent"
				if len(check.ExpAlerts) > 0 {
					state = " fires"
				}
				if !strings.HasSuffix(states[check.Alertname], state) {
					states[check.Alertname] += state
				}
			}
			for alert, states := range states {
				healed[alert] = healed[alert] || strings.Contains(states, "silent fires silent")
			}
		}
	}
	for _, file := range ruleFiles(t, "*.rules.yml") {
		var rules struct {
			Groups []struct{ Rules []struct{ Alert string } }
		}
		readYAML(t, file, &rules)
		for _, group := range rules.Groups {
			for _, rule := range group.Rules {
				if rule.Alert != "" {
					require.True(t, healed[rule.Alert], "%s: %s", file, rule.Alert)
				}
			}
		}
	}
}

func readYAML(t testing.TB, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Clean(path))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into), path)
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
	metric := regexp.MustCompile(`otelcol_(openstack_audit|processor_keystone|http_delivery)\w+`)
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
