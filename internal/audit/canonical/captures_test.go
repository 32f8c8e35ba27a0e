package canonical_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
)

// record is a record with what it belongs to.
type record struct {
	resource pcommon.Resource
	scope    pcommon.InstrumentationScope
	record   plog.LogRecord
}

func recordsOf(logs plog.Logs) (records []record) {
	for lr, in := range audit.Records(logs) {
		records = append(records, record{in.Resource, in.Scope, lr})
	}
	return records
}

func capturedRecords(t testing.TB) []record {
	t.Helper()
	records := recordsOf(auditlogtest.Captured(t))
	require.Len(t, records, 850)
	return records
}
