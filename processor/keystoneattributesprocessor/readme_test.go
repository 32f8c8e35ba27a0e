package keystoneattributesprocessor

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

// TestReadme holds the configurations that the README shows against the code.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	shown := 0
	for block := range strings.SplitSeq(string(text), "```yaml\n") {
		block, _, _ = strings.Cut(block, "```")
		if !strings.HasPrefix(block, "processors:") {
			continue
		}
		shown++
		var values struct {
			Processors map[string]map[string]any `yaml:"processors"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(block), &values))
		config := NewDefaultConfig()
		require.NoError(t, confmap.NewFromStringMap(values.Processors["keystone_attributes"]).Unmarshal(config))
		assert.NoError(t, confmap.Validate(config), block)
	}
	assert.Equal(t, 2, shown)
	all := confmap.New()
	require.NoError(t, all.Marshal(NewDefaultConfig()))
	for key := range all.ToStringMap() {
		if !strings.Contains(string(text), "| `"+key) {
			t.Errorf("the README does not describe %s", key)
		}
	}
}
