package openstackauditreceiver

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// call is one of ConsumeLogs with a single record, which returns what it is answered.
type call struct {
	ctx    context.Context
	answer chan error
}

// slowBackend takes any number of calls at the same time, and lets the test answer each.
type slowBackend struct {
	calls map[string]chan call // by record; not changed once it is used
}

func newSlowBackend(ids []string) *slowBackend {
	b := &slowBackend{calls: map[string]chan call{}}
	for _, id := range ids {
		b.calls[id] = make(chan call, 100)
	}
	return b
}

func (*slowBackend) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

func (b *slowBackend) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	c := call{ctx, make(chan error, 1)}
	b.calls[recordIDs(logs)[0]] <- c
	select {
	case err := <-c.answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// startThree starts a receiver that delivers three batches of a record at the same time, with as many messages as there are ids in the
// queue, and returns the first call of each of the first three.
func startThree(t *testing.T, c *cloud, ids []string, bodies [][]byte) (*running, *slowBackend, []call) {
	t.Helper()
	next := newSlowBackend(ids)
	r := start(t, c.config(func(config *Config, section *RabbitMQConfig) {
		section.Prefetch, section.MaxBatchSize, section.BatchesInFlight = 10, 1, 3
		config.RetryOnFailure.InitialInterval, config.RetryOnFailure.MaxInterval = 10*time.Millisecond, 10*time.Millisecond
	}), next)
	c.publish(bodies...)
	var calls []call
	for _, id := range ids[:3] {
		calls = append(calls, <-next.calls[id])
	}
	r.eventuallyInFlight(int64(len(ids)))
	return r, next, calls
}

// testSettledInOrder: a batch that is taken before another one is settled after that.
func testSettledInOrder(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	ids, bodies := notifications("ordered", 4)
	r, next, calls := startThree(t, c, ids, bodies)
	calls[2].answer <- nil
	calls[1].answer <- nil
	require.Never(t, func() bool { return r.gauge("in_flight_messages") < 4 }, 50*time.Millisecond, often)
	assert.Empty(t, next.calls[ids[3]], "three are under way, and no more")
	calls[0].answer <- nil
	r.eventuallyInFlight(1)
	r.eventuallySettled(map[string]int64{"acknowledged": 3})
	(<-next.calls[ids[3]]).answer <- nil
	r.eventuallySettled(map[string]int64{"acknowledged": 4})
	r.shutdown()
	assert.Empty(t, r.counts("redeliveries", ""))
	assert.Zero(t, c.waiting(c.queue))
}

// testRefusedInTheMiddle: a batch that is refused for now stops those behind it, and nothing before it; it alone is tried again.
func testRefusedInTheMiddle(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	ids, bodies := notifications("refused", 3)
	r, next, calls := startThree(t, c, ids, bodies)
	calls[2].answer <- errTemporary // it waits for those before it
	calls[1].answer <- errTemporary
	require.Eventually(t, func() bool { return r.counts("pipeline_retries", "")[""] == 2 }, soon, often)
	assert.Empty(t, next.calls[ids[1]])
	calls[0].answer <- nil
	r.eventuallySettled(map[string]int64{"acknowledged": 1})
	for range 5 {
		(<-next.calls[ids[1]]).answer <- errTemporary
	}
	assert.Empty(t, next.calls[ids[2]], "it is not offered while the one before it is refused")
	r.eventuallyInFlight(2)
	(<-next.calls[ids[1]]).answer <- nil
	(<-next.calls[ids[2]]).answer <- nil
	r.eventuallySettled(map[string]int64{"acknowledged": 3})
	r.shutdown()
	assert.Empty(t, r.counts("redeliveries", ""))
}

// testRejectedInTheMiddle: a batch that is refused permanently goes to the dead-letter queue, and its neighbours are acknowledged.
func testRejectedInTheMiddle(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	ids, bodies := notifications("rejected", 3)
	r, _, calls := startThree(t, c, ids, bodies)
	calls[2].answer <- nil
	calls[1].answer <- errPermanent
	require.Never(t, func() bool { return r.gauge("in_flight_messages") < 3 }, 50*time.Millisecond, often)
	assert.Zero(t, c.waiting(c.queue+".rejected"))
	calls[0].answer <- nil
	r.eventuallySettled(map[string]int64{"acknowledged": 2, "rejected": 1})
	assert.Equal(t, []string{ids[1]}, c.takeIDs(c.queue+".rejected", 1))
	r.shutdown()
	assert.Empty(t, r.counts("redeliveries", ""))
	assert.Empty(t, r.counts("reconnects", ""))
	assert.Zero(t, c.waiting(c.queue))
}

// testConnectionLostWithThree: the calls in flight are cancelled, nothing of them is settled, also not what was taken behind another one,
// and the broker delivers all of it again.
func testConnectionLostWithThree(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newVirtualHost(t, node)
	ids, bodies := notifications("lost", 3)
	r, next, calls := startThree(t, c, ids, bodies)
	calls[1].answer <- nil
	_, err := node.Ctl(t.Context(), "close_all_connections", "--vhost", c.virtualHost, "maintenance")
	require.NoError(t, err)
	<-calls[0].ctx.Done()
	<-calls[2].ctx.Done()
	for _, id := range ids {
		(<-next.calls[id]).answer <- nil
	}
	r.eventuallySettled(map[string]int64{"abandoned": 3, "acknowledged": 3})
	r.eventuallyInFlight(0)
	assert.Equal(t, int64(3), r.counts("redeliveries", "")[""])
}

// testShutdownLetsThreeFinish: what is under way is settled, the rest is left in the queue.
func testShutdownLetsThreeFinish(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	ids, bodies := notifications("finish", 5)
	r, _, calls := startThree(t, c, ids, bodies)
	down := make(chan struct{})
	go func() { defer close(down); r.shutdown() }()
	<-r.Logs.(*auditReceiver).stop // shutting down
	for _, i := range []int{2, 0, 1} {
		require.NoError(t, calls[i].ctx.Err())
		calls[i].answer <- nil
	}
	<-down
	r.eventuallySettled(map[string]int64{"acknowledged": 3, "abandoned": 2})
	assert.ElementsMatch(t, ids[3:], c.takeIDs(c.queue, 2))
}

// testShutdownWhileOneIsPushedBack: what was taken is acknowledged although the one before it was not.
func testShutdownWhileOneIsPushedBack(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	ids, bodies := notifications("pushed", 3)
	r, next, calls := startThree(t, c, ids, bodies)
	calls[0].answer <- errTemporary
	calls[1].answer <- nil
	calls[2].answer <- errTemporary
	again := <-next.calls[ids[0]]
	down := make(chan struct{})
	go func() { defer close(down); r.shutdown() }()
	<-r.Logs.(*auditReceiver).stop // shutting down
	again.answer <- errTemporary
	<-down
	r.eventuallySettled(map[string]int64{"acknowledged": 1, "abandoned": 2})
	assert.ElementsMatch(t, []string{ids[0], ids[2]}, c.takeIDs(c.queue, 2))
}
