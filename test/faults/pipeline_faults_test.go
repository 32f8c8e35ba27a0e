package faults

import (
	"encoding/json"
	"slices"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func containsAll(text string, parts ...string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
}

// pipelineRefuses has the backend refuse for now, and no sending queue: the receiver holds, the broker keeps.
func pipelineRefuses(t *trial) {
	t.heartbeat = 60 // nothing may come twice, as what is in flight does when a busy machine lets no heartbeat pass
	c := t.underLoad(direct)
	t.backend.set(refuseForNow)
	t.publish(3000)
	c.eventually(func() bool { return c.metric("openstack_audit_receiver_pipeline_retries") >= 2 }, "nothing is tried again")
	t.backend.set(accept)
	t.faultEnds()
	t.recover()
	t.flow(1000)
}

// memoryLimiter has a limit that the collector exceeds under this load and with this much in its hands.
func memoryLimiter(t *trial) {
	c := t.underLoad(direct, `
processors: {memory_limiter: {check_interval: 100ms, limit_mib: 24, spike_limit_mib: 4, min_gc_interval_when_soft_limited: 1s}}
receivers: {openstack_audit: {rabbitmq: {prefetch: 5000, max_batch_size: 5000, batches_in_flight: 1}}}
`)
	t.backend.set(slow)
	c.waitLog("Memory usage is above soft limit")
	c.eventually(func() bool { return c.metric("openstack_audit_receiver_pipeline_retries") >= 1 }, "it refuses nothing")
	t.backend.set(accept)
	t.faultEnds()
	t.recover()
	t.flow(1000)
}

// queueFull has a sending queue that is full at once.
func queueFull(block string) func(*trial) {
	return func(t *trial) {
		c := t.underLoad("exporters: {otlp_http: {sending_queue: {queue_size: 2000, block_on_overflow: " + block + "}}}")
		t.backend.set(refuseForNow)
		t.publish(6000)
		c.eventually(func() bool { return c.metric("openstack_audit_receiver_in_flight_messages") > 0 }, "nothing is held")
		t.backend.set(accept)
		t.faultEnds()
		t.recover()
		t.flow(1000)
	}
}

// backendAway takes the backend away for minutes; what comes meanwhile waits in the sending queue and in the broker.
func backendAway(t *trial) {
	t.underLoad("exporters: {otlp_http: {sending_queue: {queue_size: 20000}}}")
	t.backend.goAway()
	for range 20 {
		t.publish(10_000)
	}
	t.backend.comeBack(t.T)
	t.faultEnds()
	t.recover()
}

func backendSlow(t *trial) {
	t.underLoad(direct)
	t.backend.set(slow)
	t.flow(4000)
	t.backend.set(accept)
	t.faultEnds()
	t.recover()
	t.flow(1000)
}

// recordRefusedForGood has records that the backend never takes. Their neighbours arrive, and they are in the dead-letter queue.
func recordRefusedForGood(t *trial) {
	bad := []string{"bad-1", "bad-2", "bad-3"}
	t.backend.set(refuseForGood(bad...))
	t.underLoad(direct)
	for _, id := range bad {
		t.publishOne(notification(id))
		t.flow(500)
	}
	t.faultEnds()
	t.recover()
	t.flow(500)
	t.eventually(func() bool { messages, _ := t.ready(t.queue() + ".rejected"); return messages == len(bad) },
		"they are not in the dead-letter queue")
	assert.ElementsMatch(t, bad, t.take(t.queue()+".rejected"))
	t.note = "3 in the dead-letter queue, as they should be; " + bisected
}

const bisected = "a batch is offered again, in halves, until its bad record stands alone"

// publishOne publishes into the load's exchange.
func (t *trial) publishOne(body []byte) {
	t.Helper()
	t.onBroker(func(channel *amqp.Channel) {
		require.NoError(t, channel.Confirm(false))
		confirmation, err := channel.PublishWithDeferredConfirmWithContext(t.Context(), t.load.exchange, t.load.topic+".info", false, false,
			amqp.Publishing{ContentType: "application/json", DeliveryMode: amqp.Persistent, Body: body})
		require.NoError(t, err)
		confirmed, err := confirmation.WaitContext(t.Context())
		require.NoError(t, err)
		require.True(t, confirmed)
	})
}

// take empties a queue and returns the message ids.
func (t *trial) take(queue string) []string {
	t.Helper()
	var ids []string
	t.onBroker(func(channel *amqp.Channel) {
		for {
			message, ok, err := channel.Get(queue, true)
			require.NoError(t, err)
			if !ok {
				return
			}
			var envelope struct {
				Message string `json:"oslo.message"`
			}
			var inner struct {
				ID string `json:"message_id"`
			}
			require.NoError(t, json.Unmarshal(message.Body, &envelope))
			require.NoError(t, json.Unmarshal([]byte(envelope.Message), &inner))
			ids = append(ids, inner.ID)
		}
	})
	return ids
}

// fanOut has two backends behind one pipeline: one refuses for now, the other refuses one record for good.
func fanOut(t *trial) {
	other := newBackend(t.T)
	other.set(refuseForGood("bad-1"))
	t.underLoad(direct, `
exporters: {otlp_http/other: {endpoint: "`+other.url()+`", retry_on_failure: {enabled: false}, sending_queue: {enabled: false}}}
service: {pipelines: {logs: {exporters: [otlp_http, otlp_http/other]}}}
`)
	t.backend.set(refuseForNow)
	t.publishOne(notification("bad-1"))
	t.publish(2000)
	asked := t.backend.asked()
	t.eventually(func() bool { return t.backend.asked() > asked+3 }, "nothing is tried again")
	messages, _ := t.ready(t.queue() + ".rejected")
	assert.Zero(t, messages, "refused for now by one, it must not be rejected")
	t.backend.set(accept)
	t.faultEnds()
	t.recover()
	t.flow(1000)
	t.drain()
	t.eventually(func() bool { return len(other.missing(t.load.sent())) == 0 }, "the other branch has not everything")
	assert.True(t, t.backend.has("bad-1"), "the branch that takes it has it")
	assert.Equal(t, []string{"bad-1"}, t.take(t.queue()+".rejected"))
}

// manyReturns cuts the connection 50 times while the backend is down: the broker counts 50 returns of each message in flight,
// and takes none away.
func manyReturns(t *trial) {
	c := t.underLoad(direct, "receivers: {openstack_audit: {rabbitmq: {reconnect: {initial_interval: 20ms, max_interval: 50ms}}}}")
	t.backend.set(refuseForNow)
	t.publish(1000)
	for range 50 {
		requests := t.backend.asked()
		reconnects := c.metric("openstack_audit_receiver_reconnects")
		t.proxy.cut()
		c.eventually(func() bool {
			return c.metric("openstack_audit_receiver_reconnects") > reconnects && t.backend.asked() > requests
		}, "it does not reconnect and deliver")
	}
	t.backend.set(accept)
	t.faultEnds()
	t.recover()
	t.flow(1000)
}

// heldForGood has a record that is refused for good and no dead-letter queue to go to, delivered again and again.
func heldForGood(t *trial) {
	t.backend.set(refuseForGood("bad-1"))
	c := t.underLoad(direct, "receivers: {openstack_audit: {rabbitmq: {queue: {dead_letter: false}}}}")
	t.publishOne(notification("bad-1"))
	for range 10 {
		c.eventually(func() bool { return c.metric("openstack_audit_receiver_held_messages") == 1 }, "it is not held")
		t.proxy.cut()
		t.faultEnds()
		t.recover()
		t.flow(200)
	}
	c.Stop(t)
	t.backend.set(accept)
	t.start(direct, "receivers: {openstack_audit: {rabbitmq: {queue: {dead_letter: false}}}}")
	t.eventually(func() bool { return t.backend.has("bad-1") }, "the held message is gone")
	t.flow(500)
}
