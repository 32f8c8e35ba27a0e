package faults

import (
	"os/exec"
	"path/filepath"
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
	tr.shovel(rejected, tr.queue())
	tr.eventually(func() bool { return len(tr.backend.missing([]string{"good-1", "good-2", "bad-1", "bad-2"})) == 0 },
		"what was published back does not arrive")
	tr.eventually(func() bool { messages, _ := tr.ready(rejected); return messages == 0 }, "the dead-letter queue is not empty")
	tr.eventually(func() bool { return tr.ctl("list_parameters") == "" }, "the shovel does not end by itself")
}

// TestRejectedRequestIsKept: what the backend rejects behind the sending queue of config/durable.yaml is counted, is in the folder of dead
// letters, and can be sent once more with the command of docs/delivery.md.
func TestRejectedRequestIsKept(t *testing.T) {
	tr := newTrial(t, node, 1001)
	tr.backend.set(refuseForGood("bad-1"))
	tr.declareExchange()
	c := tr.start()
	c.waitLog("Consuming")
	tr.publishOne(notification("bad-1"))
	c.eventually(func() bool { return c.metric("exporter_send_failed_log_records") == 1 }, "the rejection is not counted")
	messages, _ := tr.ready(tr.queue() + ".rejected")
	assert.Zero(t, messages, "it was acknowledged before")
	letters, err := filepath.Glob(filepath.Join(tr.state, "rejected", "*.pb"))
	require.NoError(t, err)
	require.Len(t, letters, 1)
	tr.backend.set(accept)
	curl := exec.CommandContext(t.Context(), "curl", "--fail", "--silent", "--header", "Content-Type: application/x-protobuf",
		"--data-binary", "@"+letters[0], tr.backend.url()+"/v1/logs")
	require.NoError(t, curl.Run())
	assert.True(t, tr.backend.has("bad-1"))
	tr.cleanUp()
}

// shovel publishes what is in a queue to another one.
func (t *trial) shovel(from, to string) {
	t.Helper()
	t.ctl("set_parameter", "shovel", "from-"+from, `{"src-protocol": "amqp091", "src-uri": "amqp:///%2F", "src-queue": "`+from+`",
		"dest-protocol": "amqp091", "dest-uri": "amqp:///%2F", "dest-queue": "`+to+`",
		"src-delete-after": "queue-length", "ack-mode": "on-confirm"}`)
}
