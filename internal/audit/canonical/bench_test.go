package canonical_test

import (
	"testing"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
)

func BenchmarkHash(b *testing.B) {
	records := capturedRecords(b)
	form := canonical.NewForm()
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		r := records[i%len(records)]
		form.Record(r.resource, r.scope, r.record)
		form.Hash()
	}
}
