package canonical_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// record is a record with what it belongs to.
type record struct {
	resource pcommon.Resource
	scope    pcommon.InstrumentationScope
	record   plog.LogRecord
}

func recordsOf(logs plog.Logs) (records []record) {
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				records = append(records, record{rl.Resource(), sl.Scope(), lr})
			}
		}
	}
	return records
}

// capturedLogs are the records of every capture of testdata, as the receiver makes them.
func capturedLogs(t testing.TB) plog.Logs {
	t.Helper()
	captures, err := filepath.Glob("../../../testdata/*/*.jsonl")
	require.NoError(t, err)
	config := auditlog.NewDefaultConfig()
	config.OtherNotifications = auditlog.Keep
	mapper := auditlog.NewMapper(config, "0.0.0-test")
	var records []auditlog.Record
	for _, capture := range captures {
		file, err := os.Open(filepath.Clean(capture))
		require.NoError(t, err)
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var delivery struct{ Body string }
			if json.Unmarshal(lines.Bytes(), &delivery) != nil || delivery.Body == "" {
				delivery.Body = lines.Text()
			}
			message := auditlog.Message{Body: []byte(delivery.Body), Received: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
			records = append(records, mapper.Read(message))
		}
		require.NoError(t, lines.Err())
		require.NoError(t, file.Close())
	}
	logs, _ := mapper.Logs(records)
	return logs
}

func capturedRecords(t testing.TB) []record {
	t.Helper()
	records := recordsOf(capturedLogs(t))
	require.Greater(t, len(records), 1400)
	return records
}
