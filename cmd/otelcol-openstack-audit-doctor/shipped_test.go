package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// Each shipped configuration is read, and nothing in it is of a kind that the doctor does not know.
func TestShippedConfigurations(t *testing.T) {
	t.Setenv("AUDIT_STATE", t.TempDir())
	t.Setenv("AUDIT_LISTEN_PASSWORD", "of-the-listener")
	folder := filepath.Join(fixtures.Root(t), "config")
	t.Chdir(folder) // the quickstart's have paths
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			r := examine(t.Context(), &options{
				configs: []string{file}, collector: collectortest.Binary(t), featureGates: "+extension.healthcheck.useComponentStatus",
			})
			requireFinding(t, r.one(t, "configuration.valid"), statusOK)
			assert.Empty(t, r.all("configuration.read"))
			assert.Empty(t, r.all("configuration.component"))
			assert.Empty(t, r.all("backend.type"))
			components := []string{}
			for _, f := range r.Findings {
				components = append(components, f.Component)
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, exporter := range []string{"otlp_http", "elasticsearch", "prometheus"} {
				if regexp.MustCompile(`(?m)^  ` + exporter + `:`).Match(text) {
					assert.True(t, slices.ContainsFunc(components, func(c string) bool { return strings.HasPrefix(c, "exporters::"+exporter) }), exporter)
				}
			}
		})
	}
}

func TestProvidersAreThoseOfTheCollector(t *testing.T) {
	t.Parallel()
	manifest, err := os.ReadFile(filepath.Join(fixtures.Root(t), "builder-config.yaml"))
	require.NoError(t, err)
	var want, got []string
	for _, provider := range regexp.MustCompile(`/provider/(\w+)provider v`).FindAllStringSubmatch(string(manifest), -1) {
		want = append(want, provider[1])
	}
	for _, factory := range providers() {
		got = append(got, factory.Create(confmap.ProviderSettings{}).Scheme())
	}
	require.ElementsMatch(t, want, got)
}
