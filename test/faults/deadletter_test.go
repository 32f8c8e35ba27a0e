package faults

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// TestDeadLettersAreReturned tries the commands of docs/delivery.md that look at the dead-letter queue and publish it back.
func TestDeadLettersAreReturned(t *testing.T) {
	own := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	tr := newTrial(t, own, 1000)
	tr.backend.set(refuseForGood("bad-1", "bad-2"))
	tr.declareExchange()
	c := tr.start(direct)
	c.waitLog("Consuming")
	for _, id := range []string{"good-1", "bad-1", "good-2", "bad-2"} {
		tr.publishOne(notification(id))
	}
	rejected := tr.queue() + ".rejected"
	tr.eventually(func() bool { messages, _ := tr.ready(rejected); return messages == 2 }, "they are not in the dead-letter queue")
	tr.eventually(func() bool { return strings.Contains(tr.ctl("list_queues", "name", "messages"), rejected+"\t2") }, "it is not listed")
	first, err := own.Tool(t.Context(), "rabbitmq-queues", "peek", "--formatter=json", rejected, "1")
	require.NoError(t, err)
	assert.Contains(t, first, `"header.x-first-death-reason":"rejected"`)

	tr.backend.set(accept) // what made the backend refuse is repaired
	_, err = own.Tool(t.Context(), "rabbitmq-plugins", "enable", "rabbitmq_shovel")
	require.NoError(t, err)
	tr.ctl("set_parameter", "shovel", "return-rejected", `{"src-protocol": "amqp091", "src-uri": "amqp:///%2F", "src-queue": "`+rejected+`",
		"dest-protocol": "amqp091", "dest-uri": "amqp:///%2F", "dest-queue": "`+tr.queue()+`",
		"src-delete-after": "queue-length", "ack-mode": "on-confirm"}`)
	tr.eventually(func() bool { return len(tr.backend.missing([]string{"good-1", "good-2", "bad-1", "bad-2"})) == 0 },
		"what was published back does not arrive")
	tr.eventually(func() bool { messages, _ := tr.ready(rejected); return messages == 0 }, "the dead-letter queue is not empty")
	tr.eventually(func() bool { return tr.ctl("list_parameters") == "" }, "the shovel does not end by itself")
}

// TestSendingQueueDropsWhatIsRefusedForGood shows what config/durable.yaml does not cover, and how it is seen.
func TestSendingQueueDropsWhatIsRefusedForGood(t *testing.T) {
	tr := newTrial(t, node, 1001)
	tr.backend.set(refuseForGood("bad-1"))
	tr.declareExchange()
	c := tr.start()
	c.waitLog("Consuming")
	tr.publishOne(notification("bad-1"))
	c.eventually(func() bool { return c.metric("exporter_send_failed_log_records") == 1 }, "the drop is not counted")
	messages, _ := tr.ready(tr.queue() + ".rejected")
	assert.Zero(t, messages, "it was acknowledged before")
	tr.cleanUp()
}
