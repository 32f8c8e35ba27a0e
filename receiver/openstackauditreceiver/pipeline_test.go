package openstackauditreceiver

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// TestBatchesLeaveNothing: a batch's records are used again by later ones, and do not keep its messages in memory.
func TestBatchesLeaveNothing(t *testing.T) {
	t.Parallel()
	p := &pipeline{mapper: auditlog.NewMapper(auditlog.NewDefaultConfig(), ""), batches: &sync.Pool{}}
	messages := []auditlog.Message{{Body: notification("a")}, {Body: []byte("torn")}, {Body: notification("c")}}
	for _, n := range []int{3, 1, 2} {
		records := p.read(n, func(i int) auditlog.Message { return messages[i] })
		for i := range records {
			require.Equal(t, p.mapper.Read(messages[i]), records[i])
		}
		p.release(records)
		require.Equal(t, make([]auditlog.Record, n), records)
	}
}
