package keystoneattributesprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/delivery"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

// take takes batches of one, which are delivered at the same time.
func take(t *testing.T, queue *delivery.Queue[int], n int) (batches []*delivery.Batch[int]) {
	t.Helper()
	for i := range n {
		queue.Put(i)
		batch, err := queue.Take(t.Context(), 1)
		require.NoError(t, err)
		batches = append(batches, batch)
	}
	return batches
}

// Of batches that are delivered at the same time the later one may come first. It has the name that the earlier one tells, and that nobody
// else knows any more.
func TestBatchesInFlightLearnInTheirOrder(t *testing.T) {
	h := newHarness(t, keystonetest.NewServer(), nil, nil)
	h.start()
	defer h.stop()
	batches := take(t, delivery.NewQueue(2, func(*int) int { return 1 }), 2)
	later := make(chan error, 1)
	go func() {
		later <- h.processor.ConsumeLogs(batches[1].Turn.Context(t.Context()), auditLogs(map[string]string{"user.id": aliceID}))
	}()
	require.Never(t, func() bool { return h.sink.LogRecordCount() > 0 }, 100*time.Millisecond, time.Millisecond, "the later one waits")
	tells := auditLogs(map[string]string{"user.id": aliceID, "user.name": "alice"})
	require.NoError(t, h.processor.ConsumeLogs(batches[0].Turn.Context(t.Context()), tells))
	require.NoError(t, <-later)
	names := map[string]int{}
	for _, logs := range h.sink.AllLogs() {
		name, _ := only(logs).Attributes().Get("user.name")
		names[name.Str()]++
	}
	assert.Equal(t, map[string]int{"alice": 2}, names)
}

// What was refused behind the processor comes again without waiting, and does not hold those behind it up.
func TestBatchInFlightComesAgain(t *testing.T) {
	h := newHarness(t, lab(), nil, nil)
	h.start()
	defer h.stop()
	queue := delivery.NewQueue(2, func(*int) int { return 1 })
	batches := take(t, queue, 2)
	record := func() plog.Logs { return auditLogs(map[string]string{"user.id": aliceID}) }
	for _, i := range []int{0, 1, 1, 0, 1} {
		require.NoError(t, h.processor.ConsumeLogs(batches[i].Turn.Context(t.Context()), record()))
	}
	queue.Done(batches[0])
	require.NoError(t, h.processor.ConsumeLogs(batches[1].Turn.Context(t.Context()), record()))
	assert.Len(t, h.sink.AllLogs(), 6)
}
