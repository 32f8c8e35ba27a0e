package openstackauditcompletenessconnector

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configtest"
)

// The README names every metric with its unit and its attributes, every kind and every default.
func TestREADME(t *testing.T) {
	readme := configtest.README(t, createDefaultConfig())
	l := newLab(t)
	l.observe(capture(t, "amqp-audit-middleware"), l.now)
	for _, rm := range l.metrics("", pcommon.NewTimestampFromTime(l.now)).ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			require.Contains(t, readme, "| `"+m.Name()+"`")
			require.Contains(t, readme, "`"+m.Unit()+"`")
		}
	}
	_, shown, _ := strings.Cut(readme, "```yaml\nconnectors:\n  openstack_audit_completeness:\n")
	shown, _, _ = strings.Cut(shown, "\nservice:")
	config := createDefaultConfig().(*Config)
	require.NoError(t, configtest.YAML(t, shown, config))
	require.Len(t, config.Expect, 2)
	for _, kind := range kinds {
		require.Contains(t, readme, "| `"+string(kind)+"` |")
	}
	for _, value := range []string{
		"| `flush_interval` | `15s`", "| `expect_from` | `publisher`", "| `forget_after` | `168h`", "| `response_within` | `15m`",
		"| `slow_services` | `{glance: 6h, swift: 6h}`", "| `sequence_within` | `5m`", "| `canary_within` | `10m`", "| `max_publishers` | `1000`",
		"| `max_requests` | `50000`", "| `repeat_window` | `100000`",
	} {
		require.Contains(t, readme, value)
	}
}
