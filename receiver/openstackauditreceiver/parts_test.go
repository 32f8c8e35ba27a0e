package openstackauditreceiver

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

func TestInParts(t *testing.T) {
	for _, n := range []int{0, 1, minPart - 1, minPart, 2*minPart - 1, 2 * minPart, 10*minPart + 7} {
		taken := make([]atomic.Int32, n)
		ends := make([]int, partCount(n))
		inParts(n, len(ends), func(part, from, to int) {
			ends[part] = to
			for i := from; i < to; i++ {
				taken[i].Add(1)
			}
		})
		require.IsNonDecreasing(t, ends)
		require.Equal(t, n, ends[len(ends)-1])
		for i := range taken {
			require.EqualValues(t, 1, taken[i].Load(), "%d of %d", i, n)
		}
	}
}

// A batch that is read and mapped in parts gives the records of one that is not, in their order, and a batch leaves nothing
// behind for the next.
func TestParts(t *testing.T) {
	const batch = 5*minPart + 3
	messages := make([]auditlog.Message, batch)
	for i := range messages {
		messages[i].Body = fmt.Appendf(nil, `{"message_id":"%d","event_type":"identity.user.created","publisher_id":"identity.a",`+
			`"payload":{"eventType":"activity","action":"created.user","outcome":"success"}}`, i)
		if i%10 == 0 {
			messages[i].Body = []byte("no notification")
		}
	}
	p := &pipeline{mapper: auditlog.NewMapper(auditlog.NewDefaultConfig(), ""), batches: &sync.Pool{}}
	alone := make([]auditlog.Record, batch)
	for i := range alone {
		alone[i] = p.mapper.Read(messages[i])
	}
	want, _ := p.mapper.Logs(alone)
	for range 3 {
		records := p.read(messages)
		require.Equal(t, alone, records)
		logs, _ := p.build(records)
		require.Equal(t, idsOf(want, "openstack.cadf"), idsOf(logs, "openstack.cadf"))
		require.Equal(t, batch, logs.LogRecordCount())
		p.release(records)
		require.Equal(t, make([]auditlog.Record, batch), records)
	}
}

// idsOf are the message ids of the records of a format.
func idsOf(logs plog.Logs, format string) (ids []string) {
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			if found, ok := sl.Scope().Attributes().Get(audit.AttrEncodingFormat); !ok || found.Str() != format {
				continue
			}
			for _, lr := range sl.LogRecords().All() {
				id, _ := lr.Attributes().Get(audit.AttrRecordUID)
				ids = append(ids, id.Str())
			}
		}
	}
	return ids
}
