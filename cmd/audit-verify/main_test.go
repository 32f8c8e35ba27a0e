package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/treelog/treelogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/exporttest"
)

// verify runs audit-verify.
func verify(t testing.TB, arguments ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	status = run(t.Context(), arguments, strings.NewReader(""), &out, &errors)
	return status, out.String(), errors.String()
}

// testLog is a log that tests write.
type testLog struct {
	dir, key, private string
	writer            *treelogtest.Writer
}

func newTestLog(t testing.TB, origin string) *testLog {
	t.Helper()
	path := filepath.Join(t.TempDir(), "evidence.key")
	status, key, stderr := verify(t, "keygen", "--origin", origin, "--out", path)
	require.Zero(t, status, stderr)
	private, err := os.ReadFile(path)
	require.NoError(t, err)
	dir := t.TempDir()
	l := &testLog{dir: dir, key: strings.TrimSpace(key), private: strings.TrimSpace(string(private))}
	l.writer = treelogtest.NewWriter(t, dir, l.private)
	return l
}

// add logs records, as the processor does.
func (l *testLog) add(t testing.TB, logs plog.Logs) {
	t.Helper()
	form := canonical.NewForm()
	for lr, in := range audit.Records(logs) {
		form.Record(in.Resource, in.Scope, lr)
		sum, _ := form.Hash()
		l.addEntry(t, map[string]string{
			"e": lr.EventName(), "h": base64.StdEncoding.EncodeToString(sum[:]), "s": form.Value("service.name"),
			"t": form.Value(canonical.FieldTime), "u": form.Value("log.record.uid"),
		})
	}
}

// addEntry logs an entry. Members of a map are sorted, and these need no escaping: it is RFC 8785.
func (l *testLog) addEntry(t testing.TB, members map[string]string) {
	t.Helper()
	entry, err := json.Marshal(members)
	require.NoError(t, err)
	l.writer.Append(entry)
}

// writeLines writes documents as JSON lines. They were exported long after their time.
func writeLines(t testing.TB, documents []exporttest.Document) (path string) {
	t.Helper()
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for _, document := range documents {
		require.NoError(t, encoder.Encode(document))
	}
	path = filepath.Join(t.TempDir(), "export.jsonl")
	require.NoError(t, os.WriteFile(path, lines.Bytes(), 0o600))
	exported := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	require.NoError(t, os.Chtimes(path, exported, exported))
	return path
}

// records runs the command with an export and returns its report.
func (l *testLog) records(t testing.TB, wantStatus int, format string, documents []exporttest.Document, more ...string) recordsReport {
	t.Helper()
	arguments := append([]string{
		"records", "--logs", l.dir, "--key", l.key, "--" + format, writeLines(t, documents), "--json", "--quiet",
	}, more...)
	status, stdout, stderr := verify(t, arguments...)
	require.Empty(t, stderr)
	require.Equal(t, wantStatus, status, stdout)
	var report recordsReport
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	return report
}

// addKind logs an entry of another kind about a record.
func (l *testLog) addKind(t testing.TB, kind string, form *canonical.Form, event string) {
	t.Helper()
	sum, _ := form.Hash()
	l.addEntry(t, map[string]string{
		"e": event, "h": base64.StdEncoding.EncodeToString(sum[:]), "k": kind, "s": form.Value("service.name"),
		"t": form.Value(canonical.FieldTime), "u": form.Value("log.record.uid"),
	})
}

// again is another log of the same key.
func (l *testLog) again(t testing.TB) *testLog {
	t.Helper()
	dir := t.TempDir()
	return &testLog{dir: dir, key: l.key, private: l.private, writer: treelogtest.NewWriter(t, dir, l.private)}
}
