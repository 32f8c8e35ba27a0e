package openstackauditevidenceprocessor

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

// TestReadme holds the configuration that the README shows, and its table, against the code.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("README.md")
	require.NoError(t, err)
	readme := string(data)
	_, block, _ := strings.Cut(readme, "```yaml\nprocessors:\n  openstack_audit_evidence:\n")
	block, _, _ = strings.Cut(block, "```")
	var values map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(block), &values))
	config := createDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(values).Unmarshal(config))
	require.NoError(t, confmap.Validate(config))

	all := confmap.New()
	require.NoError(t, all.Marshal(createDefaultConfig()))
	for key := range all.ToStringMap() {
		assert.Contains(t, readme, "| `"+key+"` |")
	}
}
