// Package configtest reads the configurations that the tests of components have.
package configtest

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

// Section reads a section of testdata/config.yaml into a configuration, and returns what is wrong with it.
func Section(t testing.TB, id string, config any) error {
	t.Helper()
	file, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	require.True(t, file.IsSet(id), "testdata/config.yaml has no section %s", id)
	section, err := file.Sub(id)
	require.NoError(t, err)
	require.NoError(t, section.Unmarshal(config))
	return confmap.Validate(config)
}

// YAML is Section for a text.
func YAML(t testing.TB, text string, config any) error {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(text))
	require.NoError(t, err)
	section, err := retrieved.AsConf()
	require.NoError(t, err)
	require.NoError(t, section.Unmarshal(config))
	return confmap.Validate(config)
}

// README returns a component's README, which has to describe every key of its configuration.
func README(t testing.TB, defaults any) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	all := confmap.New()
	require.NoError(t, all.Marshal(defaults))
	for key := range all.ToStringMap() {
		require.Contains(t, string(text), "| `"+key)
	}
	return string(text)
}
