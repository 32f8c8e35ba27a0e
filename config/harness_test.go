// Package config_test runs each configuration of this folder with the built collector.
package config_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// patience is how long a collector may take for what it does in a moment.
const patience = 30 * time.Second

// signalsAreHandled is longer than the collector takes from "Everything is ready" to its handler for signals.
const signalsAreHandled = 500 * time.Millisecond

// binary returns the built collector.
func binary(t *testing.T) string {
	t.Helper()
	return collectortest.Binary(t, "..")
}

// collector is a running collector.
type collector struct {
	process *exec.Cmd
	stdout  collectortest.Output
	log     collectortest.Output
	exited  chan error
}

// start runs a configuration of this folder. Environment variables tell it where things are.
func start(t *testing.T, configuration string, environment ...string) *collector {
	t.Helper()
	c := &collector{exited: make(chan error, 1)}
	c.process = exec.Command(binary(t), "--config", configuration)
	c.process.Env = append(os.Environ(), append(environment, fmt.Sprintf("AUDIT_METRICS_PORT=%d", collectortest.FreePort(t)))...)
	c.process.Stdout, c.process.Stderr = &c.stdout, &c.log
	require.NoError(t, c.process.Start())
	go func() { c.exited <- c.process.Wait() }()
	t.Cleanup(func() { _ = c.process.Process.Kill() }) // it may have ended
	return c
}

// stop lets the collector deliver what it has and end.
func (c *collector) stop(t *testing.T) {
	t.Helper()
	eventually(t, c, func() bool { return strings.Contains(c.log.String(), "Everything is ready") }) // before, a signal kills it
	// It asks for signals just after it has said so, and tells nobody when it has: until then one kills it.
	select {
	case <-time.After(signalsAreHandled):
	case err := <-c.exited:
		require.NoError(t, err, "%s", &c.log)
	}
	require.NoError(t, c.process.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-c.exited:
		require.NoError(t, err, "%s", &c.log)
	case <-time.After(patience):
		require.Fail(t, "the collector does not end")
	}
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
	b.server = httptest.NewServer(b)
	t.Cleanup(b.server.Close)
	return b
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	request := plogotlp.NewExportRequest()
	if err == nil {
		err = request.UnmarshalProto(body)
	}
	if err != nil || r.URL.Path != "/v1/logs" {
		http.Error(w, fmt.Sprint(err), http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	request.Logs().ResourceLogs().MoveAndAppendTo(b.logs.ResourceLogs())
	b.mu.Unlock()
	response, err := plogotlp.NewExportResponse().MarshalProto()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(response)
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	plain, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(plain)
}

func (b *backend) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logs.LogRecordCount()
}

// take waits for as many records, and returns them when the collector has ended, so that no more can come.
func (b *backend) take(t *testing.T, c *collector, want int) plog.Logs {
	t.Helper()
	eventually(t, c, func() bool { return b.count() >= want })
	c.stop(t)
	require.Equal(t, want, b.count())
	return b.logs
}

// eventually polls while the collector runs.
func eventually(t *testing.T, c *collector, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, 20*time.Millisecond, "the collector's log:\n%s", &c.log)
}

// captured returns the lines of a capture.
func captured(t *testing.T, name string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "testdata", "loglines", filepath.Clean(name)))
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(content)), "\n")
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
