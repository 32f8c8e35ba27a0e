// Package config_test runs each configuration of this folder with the built collector.
package config_test

import (
	"context"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// featureGate is what the health check of some configurations needs.
const featureGate = "--feature-gates=+extension.healthcheck.useComponentStatus"

// start runs a configuration of this folder. Environment variables tell it where things are.
func start(t *testing.T, configuration string, environment ...string) *collectortest.Collector {
	t.Helper()
	return collectortest.Run(t, collectortest.Options{Config: configuration, Environment: environment})
}

// backend takes OTLP logs over HTTP.
type backend struct{ *collectortest.Backend }

func newBackend(t *testing.T) backend {
	t.Helper()
	return backend{collectortest.NewBackend(t, "/v1/logs")}
}

// take waits for as many records, and returns them when the collector has ended, so that no more can come.
func (b backend) take(t *testing.T, c *collectortest.Collector, want int) plog.Logs {
	t.Helper()
	c.Eventually(t, func() bool { return b.Count() >= want }, "not all records arrive")
	c.Stop(t)
	require.Equal(t, want, b.Count())
	return b.Logs()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, collectortest.Append(path, text))
}

// run runs a program to its end.
func run(t *testing.T, name string, arguments ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), collectortest.Patience)
	defer cancel()
	output, err := exec.CommandContext(ctx, name, arguments...).CombinedOutput()
	require.NoError(t, err, "%s", output)
}
