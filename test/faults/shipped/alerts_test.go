package shipped

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

var (
	sample  = regexp.MustCompile(`^(\w+)(\{.*\})? (\S+)$`)
	firing  = regexp.MustCompile(`alertname="(\w+)"`)
	counter = regexp.MustCompile(`(?m)^# TYPE (\w+) (counter|histogram)$`)
)

// alerts has promtool say which of deploy/prometheus' alerts fire 30 minutes after the fault began, when the collector's metrics were
// as before until then, and go on as they did in the fault.
func alerts(t *testing.T, before, during string) []string {
	t.Helper()
	counters := map[string]bool{}
	for _, match := range counter.FindAllStringSubmatch(during, -1) {
		counters[match[1]] = true
	}
	was := samples(before)
	var test strings.Builder
	rules, err := filepath.Glob(filepath.Join(fixtures.Root(t), "deploy", "prometheus", "*.rules.yml"))
	require.NoError(t, err)
	fmt.Fprint(&test, "rule_files:\n")
	for _, path := range rules {
		fmt.Fprintf(&test, "  - %s\n", path)
	}
	fmt.Fprint(&test, "evaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n")
	series := func(name, labels, values string) {
		fmt.Fprintf(&test, "      - series: '%s{job=\"otelcol-openstack-audit\",instance=\"c\"%s}'\n        values: '%s'\n", name, labels, values)
	}
	series("up", "", "1+0x60")
	if strings.Contains(during, "openstack_audit_events_total{") { // the connector's, which have the services' jobs
		series("openstack_audit_events_total", "", "1+1x60")
	}
	for key, value := range samples(during) {
		name, labels, _ := strings.Cut(key, "{")
		if !strings.HasPrefix(name, "otelcol_") {
			continue
		}
		if labels = strings.TrimSuffix(labels, "}"); labels != "" {
			labels = "," + strings.ReplaceAll(labels, "'", "''")
		}
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		old, existed := was[key]
		switch {
		case strings.HasSuffix(name, "_time"): // a point in time: events go on
			series(name, labels, "0+60x60")
		case counters[name] || counters[base]:
			first := fmt.Sprintf("%g+0x29", old)
			if !existed {
				first = "_x30"
			}
			series(name, labels, fmt.Sprintf("%s %g+%gx30", first, value, value-old))
		default:
			series(name, labels, fmt.Sprintf("%g+0x29 %g+0x30", old, value))
		}
	}
	fmt.Fprint(&test, "    promql_expr_test:\n      - {expr: 'ALERTS{alertstate=\"firing\"}', eval_time: 60m, exp_samples: [{labels: none, "+
		"value: 0}]}\n")
	path := filepath.Join(t.TempDir(), "alerts.yml")
	require.NoError(t, os.WriteFile(path, []byte(test.String()), 0o600))
	output, err := exec.CommandContext(t.Context(), "promtool", "test", "rules", path).CombinedOutput()
	require.Error(t, err, "what it has is what is not expected")
	_, got, found := strings.Cut(string(output), "got:")
	require.True(t, found, "%s\n%s", output, test.String())
	var names []string
	for _, match := range firing.FindAllStringSubmatch(got, -1) {
		names = append(names, strings.TrimPrefix(match[1], "OpenStackAudit"))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// samples are the values of a page of metrics by series. Buckets of histograms are left out.
func samples(text string) map[string]float64 {
	values := map[string]float64{}
	for line := range strings.Lines(text) {
		match := sample.FindStringSubmatch(strings.TrimSpace(line))
		if match == nil || strings.HasSuffix(match[1], "_bucket") {
			continue
		}
		if value, err := strconv.ParseFloat(match[3], 64); err == nil {
			values[match[1]+match[2]] = value
		}
	}
	return values
}
