package rabbitmq

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

func TestOwnQueueIsDeclaredBoundedAndBound(t *testing.T) {
	t.Parallel()
	for _, queueType := range []QueueType{QueueQuorum, QueueClassic} {
		t.Run(string(queueType), func(t *testing.T) {
			t.Parallel()
			b := newBroker(t)
			config := b.config()
			config.Queue.Type = queueType
			config.Queue.MaxLength, config.Queue.MaxLengthBytes = 5, 1<<20
			config.Topics = []string{"notifications", "cadf"}
			b.publish(t, "before the queue was there")
			r := start(t, config)
			s := r.session(t)
			require.True(t, s.DeadLetters())

			bounds := map[string]any{
				"x-queue-type": string(queueType), "x-overflow": "drop-head", "x-max-length": 5.0, "x-max-length-bytes": 1048576.0,
			}
			if queueType == QueueQuorum {
				bounds["x-delivery-limit"] = 1000000.0
			}
			require.Equal(t, bounds, b.durableQueueArguments(t, "audit.rejected"))
			bounds["x-dead-letter-exchange"], bounds["x-dead-letter-routing-key"] = "", "audit.rejected"
			bounds["x-single-active-consumer"] = true
			require.Equal(t, bounds, b.durableQueueArguments(t, "audit"))
			bindings, err := b.Ctl(t.Context(), "list_bindings", "--vhost", b.virtualHost, "source_name", "destination_name", "routing_key")
			require.NoError(t, err)
			for _, key := range []string{"notifications.info", "notifications.error", "cadf.info", "cadf.error"} {
				require.Contains(t, bindings, "keystone\taudit\t"+key)
			}

			b.publish(t, numbered(1, 3)...)
			require.Equal(t, numbered(1, 3), r.texts(t, 3))
			require.NoError(t, s.Settle([]uint64{1, 2}, []uint64{3}))
			r.end(t)
			// The queue is durable and keeps what comes while nobody consumes, the newest five.
			b.publish(t, numbered(4, 9)...)
			r = start(t, config)
			require.Equal(t, numbered(5, 9), r.texts(t, 5))
			require.Equal(t, []string{"3", "4"}, b.bodies(t, "audit.rejected", 2), "the rejected message and the one that drop-head dropped")
		})
	}
}

func TestQueueThatDiffersIsConsumedAndSaidOnce(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	_, err := b.channel(t).QueueDeclare("audit", true, false, false, false, amqp.Table{"x-queue-type": "classic", "x-max-length": 7})
	require.NoError(t, err)
	b.publish(t, "0")
	config := b.config()
	config.Queue.MaxLength = 8
	r := start(t, config)
	s := r.session(t)
	require.False(t, s.DeadLetters(), "a reject would delete the message")
	b.publish(t, "1")
	require.Equal(t, []string{"1"}, r.texts(t, 1))
	b.closeConnections(t)
	require.Equal(t, []string{"1"}, r.texts(t, 1))
	r.do(func() {
		require.Len(t, r.differs, 1)
		require.ErrorContains(t, r.differs[0], "PRECONDITION_FAILED - inequivalent arg")
		require.Len(t, r.noDeadLetter, 1)
		require.Zero(t, r.state.MaxLength, "the bound is not known")
	})
}

func TestMissingExchangeIsWaitedForWhileTheOthersWork(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	config := b.config()
	config.Exchanges = []string{"nova", "keystone", "glance"}
	r := start(t, config)
	r.session(t)
	r.eventually(t, "two are missing", func() bool {
		return slices.Equal(r.missing, []string{"glance", "nova"}) && slices.Equal(r.bound, []string{"keystone"}) && r.topology == nil
	})
	b.publish(t, "1")
	require.Equal(t, []string{"1"}, r.texts(t, 1))

	nova := b.publisher(t, "nova")
	require.NoError(t, nova.Publish(t.Context(), "notifications.info", []byte("may be lost: published before the binding")))
	r.eventually(t, "nova is bound", func() bool { return len(r.missing) == 1 })
	require.NoError(t, nova.Publish(t.Context(), "notifications.error", []byte("2")))
	r.until(t, "2")
	r.do(func() { require.Len(t, r.connected, 1, "no probe closed the consuming channel") })
}

// An error in the broker's log tells of each probe of an exchange that does not exist.
func TestExchangesThatAreNotExpectedAreProbedLess(t *testing.T) {
	t.Parallel()
	config := Config{Exchanges: []string{"keystone", "nova", "trove", "zun"}}
	known := exchanges{state: map[string]bool{"keystone": true, "nova": false}}
	require.Equal(t, config.Exchanges, known.due(&config, 0))
	require.Equal(t, config.Exchanges, known.due(&config, eagerRounds-1))
	require.Equal(t, []string{"keystone", "nova", "trove"}, known.due(&config, eagerRounds))
	require.Equal(t, []string{"keystone", "nova", "zun"}, known.due(&config, eagerRounds+1))
	require.Equal(t, []string{"keystone", "nova", "trove"}, known.due(&config, eagerRounds+2))
	config.ExpectExchanges = true
	require.Equal(t, config.Exchanges, known.due(&config, eagerRounds))
}

// A service that publishes for the first time long after the receiver connected is bound too.
func TestExchangeThatComesLateIsBound(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	config := b.config()
	config.Exchanges = []string{"nova", "glance", "heat"}
	r := start(t, config)
	r.session(t)
	r.eventually(t, "the eager rounds are over", func() bool { return r.upkeeps > eagerRounds })
	glance := b.publisher(t, "glance")
	require.NoError(t, glance.Publish(t.Context(), "notifications.info", []byte("may be lost: published before the binding")))
	r.eventually(t, "glance is bound", func() bool { return slices.Equal(r.bound, []string{"glance"}) })
	require.NoError(t, glance.Publish(t.Context(), "notifications.info", []byte("1")))
	r.until(t, "1")
	r.do(func() { require.Equal(t, []string{"heat", "nova"}, r.missing) })
}

// TestBindingIsAssertedAgain has the exchange deleted and declared again by its publisher while the consumer stays connected.
func TestBindingIsAssertedAgain(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	r := start(t, b.config())
	r.session(t)
	require.NoError(t, b.channel(t).ExchangeDelete("keystone", false, false))
	b.publish(t, "may be lost: the publisher declared its exchange again, unbound from our queue")
	r.afterUpkeep(t)
	b.publish(t, "1")
	r.until(t, "1")
	r.do(func() { require.Len(t, r.connected, 1) })
}

// TestBrokerRestart is the trap of a transient exchange: after the restart our durable queue has a consumer and no binding, until the
// publisher has declared its exchange again and the binding is asserted after that. RabbitMQ keeps transient exchanges since 4.3.
func TestBrokerRestart(t *testing.T) {
	t.Parallel()
	own := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	b := broker{Node: own, virtualHost: "/"}
	b.publish(t, "0")
	r := start(t, b.config())
	r.session(t)
	b.publish(t, "1")
	require.Equal(t, []string{"1"}, r.texts(t, 1))

	require.NoError(t, own.StopApp(t.Context()))
	r.eventually(t, "disconnected", func() bool { return len(r.disconnected) > 0 })
	require.NoError(t, own.StartApp(t.Context()))
	r.session(t)
	require.Equal(t, []string{"1"}, r.texts(t, 1), "what was not settled comes again")
	if b.version(t).isAtLeast(4, 3) {
		r.afterUpkeep(t)
		r.do(func() { require.Empty(t, r.missing) })
	} else {
		r.eventually(t, "the exchange is gone", func() bool { return len(r.missing) == 1 })
	}

	b.publish(t, "may be lost: published between the exchange's declaration and our binding")
	r.afterUpkeep(t)
	b.publish(t, "2")
	r.until(t, "2")
	r.do(func() { require.Len(t, r.connected, 2, "the second generation got its binding without a third") })
}

func TestUpkeepDoesNotDisturbConsumption(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	config := b.config()
	config.RebindInterval = time.Millisecond
	config.Exchanges = []string{"missing", "keystone"}
	r := start(t, config)
	s := r.session(t)
	const count = 5000
	publisher := b.publisher(t, "keystone")
	disturbed := func() (often bool) {
		r.do(func() { often = r.upkeeps > 10 })
		return often
	}
	for i := 0; i < count || !disturbed(); i += 500 {
		bodies := make([][]byte, 500)
		for j := range bodies {
			bodies[j] = []byte{byte(i), byte(j)}
		}
		require.NoError(t, publisher.Publish(t.Context(), "notifications.info", bodies...))
		for j := range bodies {
			d := r.delivery(t)
			require.Equal(t, bodies[j], d.Body)
			require.NoError(t, s.Settle(acknowledge(d.Tag)))
		}
	}
	r.afterUpkeep(t)
	r.do(func() {
		require.Len(t, r.connected, 1)
		require.Empty(t, r.disconnected)
		require.NoError(t, r.topology)
	})
}

func TestQueueStateIsRead(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	config := b.config()
	config.Queue.Type, config.Queue.MaxLength, config.Prefetch = QueueClassic, 1000, 2
	r := start(t, config)
	r.session(t)
	b.publish(t, numbered(1, 5)...)
	r.eventually(t, "three wait", func() bool { return r.state == QueueState{Messages: 3, MaxLength: 1000} })
}

func TestDeletedDeadLetterQueueIsDeclaredAgain(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	r := start(t, b.config())
	s := r.session(t)
	_, err := b.channel(t).QueueDelete("audit.rejected", false, false, false)
	require.NoError(t, err)
	r.afterUpkeep(t)
	require.True(t, s.DeadLetters())
	b.publish(t, "1")
	require.NoError(t, s.Settle(reject(r.delivery(t).Tag)))
	require.Equal(t, []string{"1"}, b.bodies(t, "audit.rejected", 1))
}

func TestExistingQueueIsOnlyConsumed(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "1")
	config := b.existing("notifications.info")
	config.Queue.DeadLetter = true
	r := start(t, config)
	s := r.session(t)
	require.False(t, s.DeadLetters())
	require.Equal(t, []string{"1"}, r.texts(t, 1))
	require.NoError(t, s.Settle(acknowledge(1)))
	r.afterUpkeep(t)
	queues, err := b.Ctl(t.Context(), "list_queues", "--vhost", b.virtualHost, "name")
	require.NoError(t, err)
	require.Equal(t, "name\nnotifications.info", queues)
	bindings, err := b.Ctl(t.Context(), "list_bindings", "--vhost", b.virtualHost, "source_name", "routing_key")
	require.NoError(t, err)
	require.Equal(t, "source_name\trouting_key\n\tnotifications.info\nkeystone\tnotifications.info", bindings)
}

// durableQueueArguments fails the test when there is no such durable queue.
func (b broker) durableQueueArguments(t *testing.T, name string) map[string]any {
	t.Helper()
	out, err := b.Ctl(t.Context(), "list_queues", "--vhost", b.virtualHost, "--formatter", "json", "name", "durable", "arguments")
	require.NoError(t, err)
	var queues []struct {
		Name      string
		Durable   bool
		Arguments [][]any // of name, type and value
	}
	require.NoError(t, json.Unmarshal([]byte(out), &queues), out)
	for _, queue := range queues {
		if queue.Name == name && queue.Durable {
			arguments := map[string]any{}
			for _, argument := range queue.Arguments {
				arguments[argument[0].(string)] = argument[2]
			}
			return arguments
		}
	}
	require.Fail(t, "no such durable queue", "%s: %s", name, out)
	return nil
}
