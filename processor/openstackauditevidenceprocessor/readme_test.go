package openstackauditevidenceprocessor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configtest"
)

// TestReadme holds the configuration that the README shows, and its table, against the code.
func TestReadme(t *testing.T) {
	_, block, _ := strings.Cut(configtest.README(t, createDefaultConfig()), "```yaml\nprocessors:\n  openstack_audit_evidence:\n")
	block, _, _ = strings.Cut(block, "```")
	require.NoError(t, configtest.YAML(t, block, createDefaultConfig()))
}
