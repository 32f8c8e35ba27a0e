package rabbitmq

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const mebi = 1 << 20

// publishLarge publishes count messages of size bytes, each with its number in front.
func (b broker) publishLarge(t *testing.T, count, size int) {
	t.Helper()
	publisher := b.publisher(t, "keystone")
	for i := range count {
		body := append([]byte(fmt.Sprintf("%04d ", i)), bytes.Repeat([]byte("x"), size-5)...)
		require.NoError(t, publisher.Publish(t.Context(), "notifications.info", body))
	}
}

// pauseForever leaves it to the test when reading goes on.
func pauseForever(c *Client) { c.maxPause = time.Hour }

// TestPausedReadingSurvivesHeartbeats: 100 MiB wait, 8 MiB may be in flight, and nothing is settled for many heartbeats. It is not
// parallel, for it looks at the heap.
func TestPausedReadingSurvivesHeartbeats(t *testing.T) {
	b := newBroker(t)
	b.publish(t, "0")
	config := b.shared()
	config.Queue.Type = QueueClassic
	config.Heartbeat = 4 * time.Second
	config.MaxInFlightBytes = 8 * mebi
	config.Prefetch = 1000
	declare(t, config)
	const count = 100
	b.publishLarge(t, count, mebi)
	r := start(t, config, pauseForever)
	s := r.session(t)
	r.eventually(t, "paused", func() bool { return len(r.paused) == 1 })

	// The broker closes a connection that says nothing for two heartbeats; amqp091-go gives a read one and a half.
	framesBefore := b.framesReceived(t, config.ConnectionName)
	require.Eventually(t, func() bool { return b.framesReceived(t, config.ConnectionName) >= framesBefore+6 },
		patience, 100*time.Millisecond, "heartbeats go on while reading is paused")
	messages, inFlight := s.InFlight()
	require.LessOrEqual(t, messages, 10)
	require.LessOrEqual(t, inFlight, int64(10*mebi))
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	require.Less(t, memory.HeapAlloc, uint64(30*mebi), "the library buffers no more than is in flight")
	r.do(func() { require.Equal(t, []bool{true}, r.paused) })

	for i := range count {
		d := r.delivery(t)
		require.Equal(t, fmt.Sprintf("%04d ", i), string(d.Body[:5]))
		require.False(t, d.Redelivered)
		_, inFlight := s.InFlight()
		require.LessOrEqual(t, inFlight, int64(10*mebi))
		require.NoError(t, s.Settle(acknowledge(d.Tag)))
	}
	r.do(func() {
		require.Len(t, r.connected, 1)
		require.Empty(t, r.disconnected)
		require.False(t, r.paused[len(r.paused)-1])
	})
}

// framesReceived is how many packets the broker has received on the connection of that name.
func (b broker) framesReceived(t *testing.T, connectionName string) int {
	t.Helper()
	out, err := b.Ctl(t.Context(), "list_connections", "vhost", "recv_cnt", "client_properties")
	require.NoError(t, err)
	for line := range strings.Lines(out) {
		fields := strings.SplitN(line, "\t", 3)
		if fields[0] == b.virtualHost && strings.Contains(fields[2], fmt.Sprintf("{\"connection_name\",%q}", connectionName)) {
			count, err := strconv.Atoi(fields[1])
			require.NoError(t, err)
			return count
		}
	}
	require.Fail(t, "no such connection", out)
	return 0
}

// TestLongPauseLowersThePrefetch: RabbitMQ closes a connection that takes nothing for 30 s. Before that the client connects again with as
// many messages in flight as fit, reads on, and so sees heartbeats and closes.
func TestLongPauseLowersThePrefetch(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	config := b.shared()
	config.MaxInFlightBytes = 4 * mebi
	config.Prefetch = 1000
	r := start(t, config, func(c *Client) { c.maxPause = 200 * time.Millisecond })
	first := r.session(t)
	b.publishLarge(t, 40, mebi)
	second := r.session(t)
	require.ErrorIs(t, first.Settle(acknowledge(1)), ErrSessionEnded)
	r.do(func() { require.Equal(t, []bool{true, false}, r.paused) })
	require.Greater(t, second.prefetch, 1)
	require.Less(t, second.prefetch, 10)
	require.Eventually(t, func() bool {
		messages, bytes := second.InFlight()
		return messages == second.prefetch && bytes <= config.MaxInFlightBytes
	}, patience, 5*time.Millisecond)

	// With all in flight that the prefetch allows, nothing is paused: what the broker does is seen at once.
	r.do(func() { require.Len(t, r.paused, 2) })
	b.closeConnections(t)
	third := r.session(t)
	require.Equal(t, 1000, third.prefetch, "this end was not for the memory's sake")
	r.do(func() {
		require.GreaterOrEqual(t, len(r.disconnected[b.Address()]), 2)
		require.ErrorContains(t, r.disconnected[b.Address()][0], "connecting again with a lower prefetch than 1000")
		require.ErrorContains(t, r.disconnected[b.Address()][1], "closed by the test")
	})
	r.end(t)
	require.Len(t, b.bodies(t, "audit", 40), 40, "nothing is lost")
}

func TestMessageLargerThanTheBoundPasses(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	config := b.shared()
	config.MaxInFlightBytes = 100
	config.Prefetch = 10
	r := start(t, config, pauseForever)
	s := r.session(t)
	b.publishLarge(t, 4, mebi)
	for range 4 {
		d := r.delivery(t)
		require.Len(t, d.Body, mebi)
		require.NoError(t, s.Settle(acknowledge(d.Tag)))
	}
	r.do(func() { require.Len(t, r.connected, 1) })
}

// TestStoppingWhilePaused must not take in all that the prefetch allows only to say goodbye.
func TestStoppingWhilePaused(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	config := b.shared()
	config.MaxInFlightBytes = mebi
	config.ConnectionTimeout = time.Hour // would be waited for by a goodbye that is not read
	declare(t, config)
	b.publishLarge(t, 60, mebi)
	r := start(t, config, pauseForever)
	s := r.session(t)
	r.eventually(t, "paused", func() bool { return len(r.paused) > 0 })
	r.end(t)
	require.ErrorIs(t, s.Settle(acknowledge(1)), ErrSessionEnded)
	require.Less(t, len(r.deliveries), 10)
	channel := b.channel(t)
	require.Eventually(t, func() bool {
		state, err := channel.QueueDeclarePassive("audit", true, false, false, false, nil)
		require.NoError(t, err)
		return state.Messages == 60
	}, patience, 50*time.Millisecond)
}

func TestFittingPrefetch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		messages     int
		bytes, bound int64
		want         int
	}{
		{messages: 10, bytes: 100, bound: 99, want: 9},
		{messages: 10, bytes: 100, bound: 50, want: 5},
		{messages: 10, bytes: 100, bound: 1, want: 1},
		{messages: 1, bytes: 100, bound: 1, want: 1},
		{messages: 950, bytes: 1001, bound: 1000, want: 949},
	} {
		require.Equal(t, test.want, fittingPrefetch(test.messages, test.bytes, test.bound), test)
	}
}
