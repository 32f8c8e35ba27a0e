package canonical_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
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

func capturedRecords(t testing.TB) []record {
	t.Helper()
	records := recordsOf(auditlogtest.Captured(t))
	require.Len(t, records, 850)
	return records
}
