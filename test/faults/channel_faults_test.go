package faults

import (
	"context"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// queueDeleted deletes the queue, which cancels the consumer. What was in it would be lost by that, so the load waits.
func queueDeleted(t *trial) {
	t.underLoad()
	for range 2 {
		t.empty()
		t.onBroker(func(channel *amqp.Channel) {
			_, err := channel.QueueDelete(t.queue(), false, false, false)
			require.NoError(t, err)
		})
		t.faultEnds()
		t.eventually(t.consumed, "the queue is not declared and consumed again")
		t.load.pause(false)
		t.recover()
		t.flow(500)
	}
}

// empty pauses the load and waits until everything of it arrived and is acknowledged.
func (t *trial) empty() {
	t.Helper()
	t.load.pause(true)
	t.eventually(func() bool {
		return len(t.load.sent()) == t.load.published() && len(t.backend.missing(t.load.sent())) == 0
	}, "the queue does not get empty")
}

// consumed reports whether the queue exists, has a consumer and is bound: a probe through the exchange reaches it.
func (t *trial) consumed() bool {
	consumers := 0
	t.onBroker(func(channel *amqp.Channel) {
		state, err := channel.QueueDeclarePassive(t.queue(), true, false, false, false, nil)
		if err == nil {
			consumers = state.Consumers
		}
	})
	return consumers > 0
}

// queueDiffers has a queue that exists with other arguments: the declaration is refused with 406, and closes its channel.
func queueDiffers(t *trial) {
	t.onBroker(func(channel *amqp.Channel) {
		_, err := channel.QueueDeclare(t.queue(), true, false, false, false, amqp.Table{"x-queue-type": "classic"})
		require.NoError(t, err)
	})
	c := t.underLoad()
	c.waitLog("could not be declared as configured")
	t.proxy.cut()
	t.faultEnds()
	t.recover()
	t.flow(500)
}

// acknowledgementTimeout has a backend that does not answer for longer than the broker waits for an acknowledgement.
func acknowledgementTimeout(t *trial) {
	t.useOwnNode(rabbitmqtest.Options{AdvancedConfig: "[{rabbit, [{consumer_timeout, 3000}, {channel_tick_interval, 500}]}]."})
	c := t.underLoad(direct, "exporters: {otlp_http: {timeout: 120s}}")
	t.backend.set(hang)
	c.waitLog("the broker's acknowledgement timeout (consumer_timeout) passed")
	c.eventually(func() bool { return c.metric("openstack_audit_receiver_acknowledgement_timeouts") >= 1 }, "the timeout is not counted")
	t.publish(1000)
	t.backend.set(accept)
	t.faultEnds()
	t.recover()
	t.flow(1000)
}

// useOwnNode makes the trial use a node that ends with it.
func (t *trial) useOwnNode(options rabbitmqtest.Options) {
	t.Helper()
	t.node = rabbitmqtest.Start(t.T, options)
	t.proxy.connectTo(t.node.Address())
	t.load.url = t.node.URL()
}

// policyChanged sets and takes back a policy of the queue.
func policyChanged(t *trial) {
	t.underLoad()
	for range 2 {
		t.ctl("set_policy", "--apply-to", "queues", t.name, "^"+t.queue()+"$", `{"max-length": 500000, "delivery-limit": 500000}`)
		t.flow(500)
		t.ctl("clear_policy", t.name)
		t.flow(500)
	}
	t.faultEnds()
	t.recover()
}

// exchangeDeleted deletes the exchange under load; the publisher makes it again when it notices.
func exchangeDeleted(t *trial) {
	t.underLoad()
	t.onBroker(func(channel *amqp.Channel) {
		require.NoError(t, channel.ExchangeDelete(t.load.exchange, false, false))
	})
	t.faultEnds()
	t.recover()
	t.flow(1000)
}

// passwordWrong changes the password of the collector's user, and back.
func passwordWrong(t *trial) {
	t.ownUser()
	c := t.underLoad()
	t.ctl("change_password", t.name, "another")
	t.proxy.cut()
	c.waitLog("refused the login")
	t.publish(1000)
	t.ctl("change_password", t.name, "secret")
	t.faultEnds()
	t.recover()
	t.flow(500)
}

// ownUser gives the collector a user of its own.
func (t *trial) ownUser() {
	t.Helper()
	require.NoError(t, t.node.AddUser(t.Context(), t.name, "secret"))
	t.permit()
	t.Cleanup(func() { _, _ = t.node.Ctl(context.Background(), "delete_user", t.name) })
	t.changes = "receivers: {openstack_audit: {rabbitmq: {username: " + t.name + ", password: secret}}}"
}

func (t *trial) permit() {
	t.Helper()
	own := "^(" + t.queue() + `(\.rejected)?|amq\.default)$`
	require.NoError(t, t.node.SetPermissions(t.Context(), t.name, t.virtualHost,
		rabbitmqtest.Permissions{Configure: own, Write: own, Read: "^(" + t.queue() + `(\.rejected)?|` + t.load.exchange + ")$"}))
}

// permissionsTaken takes the permissions of the collector's user away, and gives them back.
func permissionsTaken(t *trial) {
	t.ownUser()
	c := t.underLoad()
	t.ctl("clear_permissions", t.name)
	t.proxy.cut()
	c.waitLog("Not consuming")
	t.publish(1000)
	t.permit()
	t.faultEnds()
	t.recover()
	t.flow(500)
}

// virtualHostMissing starts the collector before there is its virtual host.
func virtualHostMissing(t *trial) {
	t.virtualHost = t.name
	c := t.start()
	c.waitLog("Not consuming")
	require.NoError(t, t.node.AddVirtualHost(t.Context(), t.name))
	t.load.url = t.node.UserURL("guest", "guest", t.name)
	t.declareExchange()
	t.faultEnds()
	c.waitLog("Consuming")
	t.load.start(t.T)
	t.firstAfter = 0
	t.recover()
	t.flow(1000)
}

// connectionLimit lets no connection in any more once the collector's is cut.
func connectionLimit(t *trial) {
	require.NoError(t, t.node.AddVirtualHost(t.Context(), t.name))
	t.virtualHost = t.name
	t.load.url = t.node.UserURL("guest", "guest", t.name)
	c := t.underLoad()
	t.ctl("set_vhost_limits", "--vhost", t.name, `{"max-connections": 0}`)
	t.proxy.cut()
	c.waitLog("connection limit")
	t.publish(1000)
	t.ctl("clear_vhost_limits", "--vhost", t.name)
	t.faultEnds()
	t.recover()
	t.flow(500)
}

// boundToNothing shows how a collector that gets nothing is seen: its exchange is not there.
func boundToNothing(t *trial) {
	c := t.start(direct)
	c.eventually(func() bool {
		text, _ := c.status()
		return c.metric("openstack_audit_receiver_exchanges_missing") == 1 &&
			containsAll(text, "StatusRecoverableError", "none of the exchanges exists yet")
	}, "nothing tells that the queue is bound to nothing")
	assert.InDelta(t, 1, c.metric("openstack_audit_receiver_connected"), 0)
	t.declareExchange()
	t.faultEnds()
	c.eventually(func() bool {
		_, err := c.status()
		return err == nil && c.metric("openstack_audit_receiver_exchanges_missing") == 0
	}, "nothing tells that the queue is bound")
	t.load.start(t.T)
	t.firstAfter = 0
	t.recover()
	t.flow(500)
	// A backlog is seen as well.
	t.backend.set(refuseForNow)
	c.eventually(func() bool { return c.metric("openstack_audit_receiver_queue_messages") > 1000 }, "nothing tells of the backlog")
	t.backend.set(accept)
	c.eventually(func() bool { return c.metric("openstack_audit_receiver_queue_messages") < 1000 }, "the backlog does not go")
}
