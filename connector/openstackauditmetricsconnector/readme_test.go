package openstackauditmetricsconnector

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// The README names every metric with its unit and its attributes, and every default.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, table := range newCounters(&Config{}).tables() {
		require.Contains(t, string(text), "| `"+table.name+"`")
		require.Contains(t, string(text), "`"+table.unit+"`")
		for _, attribute := range table.attributes {
			require.Contains(t, string(text), "`"+attribute+"`", table.name)
		}
	}
	for _, value := range []string{
		"| `flush_interval` | `15s`", "| `max_series` | `2000`", "| `dedup_window` | `100000`", "`[openstack.user.domain.name]`",
		"`keystone`, `openstack`, none",
	} {
		require.Contains(t, string(text), value)
	}
}
