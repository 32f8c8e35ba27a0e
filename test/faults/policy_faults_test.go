package faults

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// importDefinitions imports a file of deploy/rabbitmq, with the trial's names for the queue and for the services' topic.
func (t *trial) importDefinitions(name string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "rabbitmq", name))
	require.NoError(t, err)
	definitions := strings.NewReplacer("otelcol-openstack-audit", t.queue(), "^notifications", "^"+t.load.topic).Replace(string(text))
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(definitions), 0o600))
	t.ctl("import_definitions", path)
}

// Policies of deployment tools, with seconds in place of minutes and hours.
const (
	// openstack-helm, <chart>/values.yaml, conf.rabbitmq.policies: message-ttl 70000.
	helmPattern, helmPolicy = `^(?!(amq\.|reply_)).*`, `{"message-ttl": 2000}`
	// kolla-ansible up to 2024.1, ansible/roles/rabbitmq/templates/definitions.json.j2: message-ttl 600000, expires 3600000. Mirroring, which
	// deletes nothing and RabbitMQ 4 does not have, is left out.
	kollaPattern, kollaPolicy = `^(?!(amq\.)|(.*_fanout_)|(reply_)).*`, `{"message-ttl": 2000, "expires": 3000}`
)

// deployersPolicy has a policy of a deployment tool that deletes messages and queues, the policy of deploy/rabbitmq that protects ours, and
// no collector for longer than any of its times.
func deployersPolicy(pattern, policy string) func(*trial) {
	return func(t *trial) {
		t.ctl("set_policy", "--priority", "0", "--apply-to", "all", "deployers", pattern, policy)
		t.clearPolicyLater("deployers")
		t.importDefinitions("protect-queues.json")
		t.clearPolicyLater(t.queue())
		c := t.underLoad()
		c.Stop(t.T)
		t.publish(1000)
		waiting, _ := t.ready(t.queue())
		deleted := time.Now()
		t.load.pause(true)
		// The services' own queue shows that the policy acts. Ours has had the same time since.
		t.eventually(func() bool { return t.gone(t.load.topic + ".info") }, "the policy deletes nothing")
		t.eventually(func() bool { return time.Since(deleted) > 5*time.Second }, "")
		kept, _ := t.ready(t.queue())
		assert.GreaterOrEqual(t, kept, waiting, "what waits in our queue")
		t.load.pause(false)
		t.start()
		t.faultEnds()
		t.recover()
		t.flow(1000)
	}
}

func (t *trial) clearPolicyLater(name string) {
	t.Cleanup(func() {
		_, err := t.node.Ctl(context.Background(), "clear_policy", name)
		assert.NoError(t, err)
	})
}

// gone reports whether the queue is empty or no longer there.
func (t *trial) gone(queue string) (gone bool) {
	t.Helper()
	t.onBroker(func(channel *amqp.Channel) {
		state, err := channel.QueueDeclarePassive(queue, true, false, false, false, nil)
		gone = err != nil || state.Messages == 0
	})
	return gone
}

// gapFetched has a broker that restarts and loses the exchange. What was published before our queue was bound again is in the services' own
// queue, which a policy bounds, and is fetched from there: the commands of docs/operations.md.
func gapFetched(t *trial) {
	t.useOwnNode(rabbitmqtest.Options{})
	_, err := t.node.Tool(t.Context(), "rabbitmq-plugins", "enable", "rabbitmq_shovel")
	require.NoError(t, err)
	t.importDefinitions("bound-notifications.json")
	t.load.durable = false
	t.underLoad()
	require.NoError(t, t.node.StopApp(t.Context()))
	require.NoError(t, t.node.StartApp(t.Context()))
	t.faultEnds()
	t.recover()
	t.flow(2000)
	t.load.pause(true)
	services := t.load.topic + ".info"
	assert.Contains(t, t.ctl("list_queues", "name", "policy"), services+"\tnotifications")
	t.shovel(services, t.queue())
	t.eventually(func() bool { return len(t.backend.missing(t.load.sent())) == 0 }, "what was in the gap does not arrive")
	t.load.pause(false)
	t.flow(500)
}
