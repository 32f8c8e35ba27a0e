package openstackauditevidenceprocessor

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"golang.org/x/sys/unix"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
)

// BenchmarkProcessor is the whole cost of a record: canonical form, hash, append, and its share of the sync; cpu-ns is that of the process.
func BenchmarkProcessor(b *testing.B) {
	for _, size := range []int{1, 100, 500} {
		b.Run(fmt.Sprintf("batch of %d", size), func(b *testing.B) {
			h := newHarness(b, nil)
			h.processor = h.create(consumertest.NewNop())
			require.NoError(b, h.processor.Start(b.Context(), h.host))
			b.Cleanup(h.stop)
			logs := captured(b, size)
			at := pcommon.Timestamp(1_795_287_600_000_000_000)
			b.ReportAllocs()
			before := cpu(b)
			for b.Loop() {
				for record := range audit.Records(logs) { // a new one, as far as the log knows
					at++
					record.SetTimestamp(at)
				}
				if err := h.processor.ConsumeLogs(b.Context(), logs); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N*size), "cpu-ns/record")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/record")
		})
	}
}

// captured is a batch of records of real notifications, as the receiver makes them.
func captured(b *testing.B, size int) plog.Logs {
	b.Helper()
	logs := auditlogtest.Captured(b)
	kept := 0
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			scope.LogRecords().RemoveIf(func(plog.LogRecord) bool { kept++; return kept > size })
		}
	}
	logs.ResourceLogs().RemoveIf(func(resource plog.ResourceLogs) bool {
		resource.ScopeLogs().RemoveIf(func(scope plog.ScopeLogs) bool { return scope.LogRecords().Len() == 0 })
		return resource.ScopeLogs().Len() == 0
	})
	require.Equal(b, size, logs.LogRecordCount())
	return logs
}

// cpu is the CPU time of the process, in nanoseconds.
func cpu(b *testing.B) int64 {
	b.Helper()
	var usage unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}
