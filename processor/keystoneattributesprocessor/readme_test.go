package keystoneattributesprocessor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configtest"
)

// TestReadme holds the configurations that the README shows against the code.
func TestReadme(t *testing.T) {
	shown := 0
	for block := range strings.SplitSeq(configtest.README(t, NewDefaultConfig()), "```yaml\nprocessors:\n  keystone_attributes:\n") {
		if shown++; shown > 1 {
			block, _, _ = strings.Cut(block, "```")
			require.NoError(t, configtest.YAML(t, block, NewDefaultConfig()), block)
		}
	}
	assert.Equal(t, 1+2, shown)
}
