package openstackauditmetricsconnector

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configtest"
)

// The README names every metric with its unit and its attributes, and every default.
func TestREADME(t *testing.T) {
	text := configtest.README(t, createDefaultConfig())
	for _, table := range newCounters(&Config{}).tables() {
		require.Contains(t, text, "| `"+table.name+"`")
		require.Contains(t, text, "`"+table.unit+"`")
		for _, attribute := range table.attributes {
			require.Contains(t, text, "`"+attribute+"`", table.name)
		}
	}
	for _, value := range []string{
		"| `flush_interval` | `15s`", "| `max_series` | `2000`", "| `dedup_window` | `100000`", "`[openstack.user.domain.name]`",
		"`keystone`, `openstack`, none",
	} {
		require.Contains(t, text, value)
	}
}
