package amqpserver

import (
	"context"
	"fmt"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// TestConfirmTimeout: what is not accepted within ConfirmTimeout is given back with 320; sent again, it is the same message for the
// handler, and the acceptance of the first copy confirms the second.
func TestConfirmTimeout(t *testing.T) {
	t.Parallel()
	// Enough for two messages to come, and one to be accepted.
	f := start(t, options{configure: func(c *Config) { c.ConfirmTimeout = 5 * time.Second }})
	f.messages.wait(true)
	var held []*Message
	for range 3 {
		connection, channel := f.dial(amqp.Config{})
		closed := connection.NotifyClose(make(chan *amqp.Error, 1))
		confirmation := publish(t, channel, "held")
		publish(t, channel, "held too")
		held = f.messages.eventually(t, 2)
		err := <-closed
		require.NotNil(t, err)
		assert.Equal(t, 320, err.Code)
		assert.False(t, confirmation.Acked())
	}
	assert.Equal(t, []string{"held", "held too"}, f.messages.bodies())
	assert.Equal(t, 4, f.events.resentCount())
	assert.Equal(t, 2*cost(0, 0)+int64(len("heldheld too")), f.Stats().InFlightBytes)
	require.Eventually(t, func() bool { return f.orphans.count.Load() == 2 }, soon, often)

	// One is sent again and then accepted, the other is accepted though nobody sends it again.
	_, channel := f.dial(amqp.Config{})
	confirmation := publish(t, channel, "held")
	require.Eventually(t, func() bool { return f.events.resentCount() == 5 }, soon, often)
	held[1].Accept()
	held[0].Accept()
	confirmed(t, confirmation)
	assert.Zero(t, f.Stats().InFlightBytes)
	assert.Zero(t, f.orphans.count.Load())

	// Once accepted, the same bytes are another message.
	f.messages.wait(false)
	confirmed(t, publish(t, channel, "held"))
	assert.Equal(t, []string{"held", "held too", "held"}, f.messages.bodies())
}

// TestNoRoomUntilTheConfirmTimeout: a connection that waits for room longer than ConfirmTimeout is given back too.
func TestNoRoomUntilTheConfirmTimeout(t *testing.T) {
	f := start(t, options{configure: func(c *Config) {
		c.MaxMessageBytes, c.MaxInFlightBytes, c.ConfirmTimeout = 1<<20, 2<<20, 150*time.Millisecond
	}})
	f.messages.wait(true)
	w := f.wire().open()
	w.send(wireChannel)
	w.expect(channelOpenOk)
	w.send(wirePublish(), wireHeader(1<<20)) // without confirmation, so that what takes the room is not bounded itself
	for range 16 {
		w.send(wireFrame(amqpframe.BodyFrame, 1, make([]byte, 1<<16)))
	}
	f.messages.eventually(t, 1)
	w.send(wirePublish(), wireHeader(1<<20))
	w.expectClose(connectionClose, codeConnectionForced)
}

// TestIdenticalMessages: only what a connection left behind can be a copy.
func TestIdenticalMessages(t *testing.T) {
	f := start(t, options{})
	f.messages.wait(true)
	_, first := f.dial(amqp.Config{})
	_, second := f.dial(amqp.Config{})
	confirmations := []*amqp.DeferredConfirmation{publish(t, first, "x"), publish(t, first, "x"), publish(t, second, "x")}
	for _, m := range f.messages.eventually(t, 3) {
		m.Accept()
	}
	for _, confirmation := range confirmations {
		confirmed(t, confirmation)
	}

	// Three of the same that were left behind take three copies.
	left, channel := f.dial(amqp.Config{})
	for range 3 {
		publish(t, channel, "y")
	}
	f.messages.eventually(t, 6)
	require.NoError(t, left.Close())
	require.Eventually(t, func() bool { return f.orphans.count.Load() == 3 }, soon, often)
	for range 4 {
		publish(t, second, "y")
	}
	f.messages.eventually(t, 7)
	assert.Equal(t, 3, f.events.resentCount())
}

// TestHeartbeats are sent while nothing else is, and while a message is held; the client's are not missed.
func TestHeartbeats(t *testing.T) {
	f := start(t, options{})
	f.messages.wait(true)
	w := f.wire()
	w.send(protocolHeader)
	w.expect(connectionStart)
	w.send(wireStartOk)
	w.expect(connectionTune)
	w.send(wireTuneOk(1, 0, 1), wireOpen, wireChannel, wireConfirm)
	w.expect(connectionOpenOk)
	w.expect(channelOpenOk)
	w.expect(confirmSelectOk)
	w.publish("held")
	message := f.messages.eventually(t, 1)[0]
	for range 5 { // 2.5 s without a word of the client's
		head, err := w.frames.Next()
		require.NoError(t, err)
		require.Equal(t, amqpframe.Head{Type: amqpframe.HeartbeatFrame}, head)
		require.NoError(t, w.frames.Discard(head))
	}
	message.Accept()
	w.expect(basicAck)
}

// TestShutdown: what is in flight finishes and is confirmed, what comes after is left to be sent again, idle connections end.
func TestShutdown(t *testing.T) {
	f := start(t, options{})
	f.messages.wait(true)
	f.wire() // says nothing
	idle := f.wire().confirming()
	busy := f.wire().confirming()
	busy.publish("in flight")
	message := f.messages.eventually(t, 1)[0]
	require.Eventually(t, func() bool { return f.Stats().Connections == 3 }, soon, often)

	done := make(chan error, 1)
	go func() { done <- f.Shutdown(t.Context()) }()
	idle.expectClose(connectionClose, codeConnectionForced)
	require.Eventually(t, func() bool {
		left := f.open()
		if len(left) != 1 {
			return false
		}
		left[0].out.mu.Lock()
		defer left[0].out.mu.Unlock()
		return left[0].out.draining
	}, soon, often)
	busy.publish("too late")
	busy.send(wireConfirm)
	busy.expect(confirmSelectOk) // so that the message has been read
	message.Accept()
	assert.Equal(t, uint64(1), busy.expect(basicAck).LongLong())
	busy.expectClose(connectionClose, codeConnectionForced)
	require.NoError(t, <-done)
	assert.Equal(t, []string{"in flight"}, f.messages.bodies())
	assert.Equal(t, []error{nil, nil}, f.events.closed)
	assert.NoError(t, f.Shutdown(t.Context()), "again")
}

// TestShutdownDeadline: a message that is not accepted in time is given back, and a client that does not answer is left.
func TestShutdownDeadline(t *testing.T) {
	t.Parallel()
	f := start(t, options{timeouts: unanswered})
	f.messages.wait(true)
	answering, silent := f.wire().confirming(), f.wire().confirming()
	answering.publish("one")
	silent.publish("two")
	f.messages.eventually(t, 2)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Shutdown(ctx) }()
	cancel()
	answering.expectClose(connectionClose, codeConnectionForced)
	require.ErrorIs(t, <-done, context.Canceled)
	assert.Zero(t, f.Stats().Connections)
	for _, m := range f.messages.all() {
		m.Accept() // too late, and harmless
	}
	assert.Zero(t, f.Stats().InFlightBytes)
}

// TestReconnect: a publisher of amqp091-go that sends again what was not confirmed loses nothing over restarts.
func TestReconnect(t *testing.T) {
	const count, restarts = 600, 6
	taken := &keeper{}
	address := collectortest.FreeAddress(t) // none that a client's connection could take in between
	f := start(t, options{handler: taken, address: address})
	var channel *amqp.Channel
	send := func(body string) *amqp.DeferredConfirmation {
		for {
			if channel != nil {
				confirmation, err := channel.PublishWithDeferredConfirm("e", "k.info", false, false, amqp.Publishing{Body: []byte(body)})
				if err == nil {
					return confirmation
				}
			}
			_, channel = f.dial(amqp.Config{})
		}
	}
	for i := range count {
		confirmation := send(fmt.Sprint(i))
		if i%(count/restarts) == 0 { // whether it was confirmed in time is left to chance
			f.stop()
			f = start(t, options{handler: taken, address: address})
		}
		for {
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			acknowledged, err := confirmation.WaitContext(ctx)
			cancel()
			require.NoError(t, err)
			if acknowledged {
				break
			}
			confirmation = send(fmt.Sprint(i))
		}
	}
	seen := map[string]int{}
	for _, body := range taken.bodies() {
		seen[body]++
	}
	assert.Len(t, seen, count)
	assert.LessOrEqual(t, len(taken.bodies()), count+restarts, "at most what was in flight came twice")
}
