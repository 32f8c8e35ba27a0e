package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// shipped are the processors of the collector that the test runs: log lines in, by OTLP.
const shipped = `
receivers: {otlp: {protocols: {http: {endpoint: %s}}}}
processors:
  openstack_audit: {content: log_lines}
  openstack_audit_tail: {socket: %s}
exporters: {otlp_http: {endpoint: %s, compression: none}}
service:
  pipelines: {logs: {receivers: [otlp], processors: [openstack_audit, openstack_audit_tail], exporters: [otlp_http]}}
  telemetry: {metrics: {level: none}}
`

// viewer is a run of audit-tail.
type viewer struct {
	out, notices collectortest.Output
	// end interrupts it; wait waits for a run that ends by itself.
	end, wait func() error
}

func look(t *testing.T, socket string, arguments ...string) *viewer {
	t.Helper()
	v := &viewer{}
	ctx, cancel := context.WithCancel(t.Context())
	command := newCommand()
	command.SetArgs(append(arguments, "--socket", socket))
	command.SetOut(&v.out)
	command.SetErr(&v.notices)
	result := make(chan error, 1)
	go func() { result <- command.ExecuteContext(ctx) }()
	v.wait = func() error {
		defer cancel()
		return <-result
	}
	v.end = func() error {
		cancel()
		return <-result
	}
	return v
}

// The built collector shows sentences to each viewer that asks, survives SIGKILL, and sends on what it sent before.
func TestTailOfTheBuiltCollector(t *testing.T) {
	folder, err := os.MkdirTemp("", "tail") //nolint:usetesting // t.TempDir's is too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	socket, path, endpoint := filepath.Join(folder, "tail.sock"), filepath.Join(folder, "config.yaml"), collectortest.FreeAddress(t)
	backend := collectortest.NewBackend(t, "/v1/logs")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, shipped, endpoint, socket, backend.URL), 0o600))

	c := collectortest.Run(t, collectortest.Options{Config: path})
	c.AwaitReady(t)
	c.Kill()
	require.FileExists(t, socket, "what a killed collector leaves")
	c = collectortest.Run(t, collectortest.Options{Config: path})
	c.AwaitReady(t)

	all, failures, whole := look(t, socket), look(t, socket, "--outcome", "failure", "--service", "keystone"), look(t, socket, "--json")
	for _, v := range []*viewer{all, failures, whole} {
		c.Eventually(t, func() bool { return strings.Contains(v.notices.String(), "Connected") }, "a viewer is not connected")
	}
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, line := range fixtures.Lines(t, "loglines/keystone-log-basic.log") {
		records.AppendEmpty().Body().SetStr(line)
	}
	// A viewer is shown what comes after its filter was read, which it is not told: so the lines are sent until each has seen some.
	c.Eventually(t, func() bool {
		status, err := collectortest.PostLogs(t.Context(), "http://"+endpoint, "", logs)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		return all.out.String() != "" && failures.out.String() != "" && whole.out.String() != ""
	}, "nothing is shown")
	require.Contains(t, all.out.String(), "  keystone    login of admin from 127.0.0.1: success\n")
	require.Regexp(t, `(?m)^2026-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  keystone    `, all.out.String())
	for line := range strings.Lines(failures.out.String()) {
		require.Contains(t, line, "failure")
	}
	require.NoError(t, all.end())
	require.NoError(t, failures.end())
	require.NoError(t, whole.end())
	line, _, _ := strings.Cut(whole.out.String(), "\n")
	record, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs([]byte(line))
	require.NoError(t, err)
	require.Equal(t, 1, record.LogRecordCount())

	c.Stop(t)
	require.NoFileExists(t, socket)
	require.Positive(t, backend.Count())
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "s")
	require.ErrorContains(t, look(t, socket).wait(), "does the collector run")
	require.ErrorContains(t, look(t, socket, "--address", "x").wait(), "is no address")
}

func TestSentencesDoNotActOnTheTerminal(t *testing.T) {
	t.Parallel()
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "key\x1bstone")
	resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("raw \x1b[2J\nbody")
	var out bytes.Buffer
	require.NoError(t, (&printer{out: &out, notices: &out}).Record(nil, logs))
	require.Equal(t, "1970-01-01T00:00:00.000Z  key?stone   raw ?[2J body\n", out.String())
	require.NoError(t, (&printer{out: &out, notices: &out}).Dropped(3))
	require.Contains(t, out.String(), "3 records are not shown")
}
