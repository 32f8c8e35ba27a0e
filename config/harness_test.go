// Package config_test runs each configuration of this folder with the built collector.
package config_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// patience is how long a collector may take for what it does in a moment.
const patience = collectortest.Patience

// binary returns the built collector.
func binary(t *testing.T) string {
	t.Helper()
	return collectortest.Binary(t, "..")
}

// featureGate is what the health check of some configurations needs.
const featureGate = "--feature-gates=+extension.healthcheck.useComponentStatus"

// start runs a configuration of this folder. Environment variables tell it where things are.
func start(t *testing.T, configuration string, environment ...string) *collectortest.Process {
	t.Helper()
	environment = append(environment, fmt.Sprintf("AUDIT_METRICS_PORT=%d", collectortest.FreePort(t)))
	return collectortest.Start(t, environment, binary(t), "--config", configuration, featureGate)
}

// backend takes OTLP logs over HTTP.
type backend struct {
	server *httptest.Server
	mu     sync.Mutex
	logs   plog.Logs
}

func newBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{logs: plog.NewLogs()}
	b.server = httptest.NewServer(collectortest.OTLP("/v1/logs", b.store))
	t.Cleanup(b.server.Close)
	return b
}

func (b *backend) store(_ context.Context, logs plog.Logs) (status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	logs.ResourceLogs().MoveAndAppendTo(b.logs.ResourceLogs())
	return http.StatusOK
}

func (b *backend) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logs.LogRecordCount()
}

// take waits for as many records, and returns them when the collector has ended, so that no more can come.
func (b *backend) take(t *testing.T, c *collectortest.Process, want int) plog.Logs {
	t.Helper()
	eventually(t, c, func() bool { return b.count() >= want })
	c.Stop(t)
	require.Equal(t, want, b.count())
	return b.logs
}

// eventually polls while the collector runs.
func eventually(t *testing.T, c *collectortest.Process, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, 20*time.Millisecond, "the collector's log:\n%s", &c.Log)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	file, err := os.OpenFile(filepath.Clean(path), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = file.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// run runs a program to its end.
func run(t *testing.T, name string, arguments ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	output, err := exec.CommandContext(ctx, name, arguments...).CombinedOutput()
	require.NoError(t, err, "%s", output)
}
