package amqpserver

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/delivery"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

func TestMessageAndClient(t *testing.T) {
	f := start(t, options{})
	_, channel := f.dial(amqp.Config{Vhost: "/cloud", Properties: amqp.Table{
		"connection_name": "keystone:7:x", "product": "test client", "version": "3", "nested": amqp.Table{"list": []any{int32(1), "two", nil,
			true, 2.5}},
	}})
	for _, body := range []string{"one", "", strings.Repeat("x", 300_000)} {
		confirmation, err := channel.PublishWithDeferredConfirm("keystone", "notifications.info", true, false, amqp.Publishing{
			ContentType: "application/json", ContentEncoding: "utf-8", DeliveryMode: 2, Priority: 3, CorrelationId: "c", ReplyTo: "r",
			Expiration: "1000", MessageId: "id", Timestamp: time.Now(), Type: "t", AppId: "a",
			Headers: amqp.Table{"traceparent": "00-1-2-01", "count": int64(7)}, Body: []byte(body),
		})
		require.NoError(t, err)
		confirmed(t, confirmation)
	}
	messages := f.messages.eventually(t, 3)
	for i, body := range []string{"one", "", strings.Repeat("x", 300_000)} {
		m := messages[i]
		assert.Equal(t, body, string(m.Body))
		assert.Equal(t, "keystone", m.Exchange)
		assert.Equal(t, "notifications.info", m.RoutingKey)
		assert.Equal(t, amqpframe.Table{"traceparent": "00-1-2-01", "count": int64(7)}, m.Headers)
		assert.WithinDuration(t, time.Now(), m.Received, soon)
		assert.Equal(t, &Client{
			Address: m.Client.Address, Mechanism: MechanismPlain, User: "keystone",
			ConnectionName: "keystone:7:x", Product: "test client",
		}, m.Client)
		assert.True(t, m.Client.Address.Addr().IsLoopback())
	}
	assert.Equal(t, Stats{Connections: 1}, f.Stats())
}

// TestDeclarations: whatever a publisher declares is there, with whatever flags.
func TestDeclarations(t *testing.T) {
	f := start(t, options{})
	_, channel := f.dial(amqp.Config{})
	for _, durable := range []bool{false, true, false} {
		for _, noWait := range []bool{false, true} {
			require.NoError(t, channel.ExchangeDeclare("keystone", "topic", durable, !durable, false, noWait, amqp.Table{"x-queue-type": "quorum"}))
			queue, err := channel.QueueDeclare("notifications.info", durable, !durable, durable, noWait, amqp.Table{"x-delivery-limit": 3})
			require.NoError(t, err)
			assert.Equal(t, amqp.Queue{Name: "notifications.info"}, queue)
			require.NoError(t, channel.QueueBind("notifications.info", "notifications.info", "keystone", noWait, nil))
			require.NoError(t, channel.Confirm(false)) // the library waits for an answer in any case
		}
	}
	require.NoError(t, channel.ExchangeDeclarePassive("never seen", "topic", true, false, false, false, nil))
	first, err := channel.QueueDeclare("", false, false, false, false, nil)
	require.NoError(t, err)
	second, err := channel.QueueDeclare("", false, false, false, false, nil)
	require.NoError(t, err)
	assert.NotEmpty(t, first.Name)
	assert.NotEqual(t, first.Name, second.Name)
	assert.NoError(t, channel.Flow(false))
	assert.NoError(t, channel.Flow(true))
	confirmed(t, publish(t, channel, "still open"))
}

// TestConfirmOrder: each message is confirmed when it was accepted, in whatever order that is.
func TestConfirmOrder(t *testing.T) {
	f := start(t, options{})
	f.messages.wait(true)
	_, channel := f.dial(amqp.Config{})
	var confirmations []*amqp.DeferredConfirmation
	for i := range 10 {
		confirmations = append(confirmations, publish(t, channel, fmt.Sprint(i)))
	}
	messages := f.messages.eventually(t, 10)
	for _, i := range []int{3, 9, 0, 8, 2, 1, 7, 4, 6, 5} {
		require.False(t, confirmations[i].Acked())
		messages[i].Accept()
		messages[i].Accept() // counts once
		confirmed(t, confirmations[i])
	}
	assert.Zero(t, f.Stats().InFlightBytes)
}

// TestWindows: publishers that do not wait, many at a time, with acceptance in batches by another goroutine.
func TestWindows(t *testing.T) {
	const connections, count = 8, 2000
	arrivals := delivery.NewQueue(1, func(**Message) int { return 0 })
	f := start(t, options{handler: handlerFunc(func(m *Message) { arrivals.Put(m) })})
	ctx, cancel := context.WithCancel(t.Context())
	var accepting, publishing sync.WaitGroup
	var bodies []string
	accepting.Go(func() {
		for {
			batch, err := arrivals.Take(ctx, 500)
			if err != nil {
				return
			}
			for _, m := range batch.Items {
				bodies = append(bodies, string(m.Body))
				m.Accept()
			}
			arrivals.Done(batch)
		}
	})
	for i := range connections {
		_, channel := f.dial(amqp.Config{})
		publishing.Go(func() {
			var last *amqp.DeferredConfirmation
			for j := range count {
				last = publish(t, channel, fmt.Sprintf("%d/%d", i, j))
			}
			confirmed(t, last)
		})
	}
	publishing.Wait()
	cancel()
	accepting.Wait()

	next := map[string]int{}
	for _, body := range bodies {
		connection, number, _ := strings.Cut(body, "/")
		require.Equal(t, fmt.Sprint(next[connection]), number, "in the order of publishing")
		next[connection]++
	}
	assert.Len(t, bodies, connections*count)
	assert.Zero(t, f.Stats().InFlightBytes)
}

type handlerFunc func(*Message)

func (f handlerFunc) Handle(m *Message) { f(m) }

// TestInFlightBudget: what is in flight never exceeds its bound, and what waits for it comes in once there is room.
func TestInFlightBudget(t *testing.T) {
	const size = 200_000
	f := start(t, options{configure: func(c *Config) {
		c.MaxMessageBytes, c.MaxInFlightBytes = size, 3*cost(size, 0)
	}})
	f.messages.wait(true)
	var confirmations []*amqp.DeferredConfirmation
	for i := range 4 {
		_, channel := f.dial(amqp.Config{})
		for range 2 {
			confirmations = append(confirmations, publish(t, channel, strings.Repeat(fmt.Sprint(i), size)))
		}
	}
	for accepted := range confirmations {
		messages := f.messages.eventually(t, min(accepted+3, len(confirmations)))
		assert.LessOrEqual(t, f.Stats().InFlightBytes, f.config.MaxInFlightBytes)
		messages[accepted].Accept()
	}
	for _, confirmation := range confirmations {
		confirmed(t, confirmation)
	}
	assert.Zero(t, f.Stats().InFlightBytes)
}

func TestFilters(t *testing.T) {
	f := start(t, options{configure: func(c *Config) {
		c.Exchanges, c.Topics = []string{"keystone", "nova"}, []string{"notifications", "audit.events"}
	}})
	_, channel := f.dial(amqp.Config{})
	for _, m := range []struct{ exchange, key string }{
		{"keystone", "notifications.info"}, {"nova", "audit.events.error"}, {"keystone", "notifications"},
		{"cinder", "notifications.info"}, {"keystone", "other.info"}, {"", "notifications.info"}, {"nova", "audit.info"},
	} {
		confirmation, err := channel.PublishWithDeferredConfirm(m.exchange, m.key, false, false,
			amqp.Publishing{Body: []byte(m.exchange + m.key)})
		require.NoError(t, err)
		confirmed(t, confirmation)
	}
	assert.Equal(t, []string{"keystonenotifications.info", "novaaudit.events.error", "keystonenotifications"}, f.messages.bodies())
	f.events.mu.Lock()
	defer f.events.mu.Unlock()
	assert.Equal(t, 4, f.events.ignored)
}

// TestWithoutConfirms: a publisher that wants no confirmation is served all the same.
func TestWithoutConfirms(t *testing.T) {
	f := start(t, options{})
	connection, err := amqp.Dial("amqp://keystone:secret@" + f.address)
	require.NoError(t, err)
	channel, err := connection.Channel()
	require.NoError(t, err)
	for i := range 100 {
		require.NoError(t, channel.Publish("", "key", false, false, amqp.Publishing{Body: []byte(fmt.Sprint(i))}))
	}
	f.messages.eventually(t, 100)
	require.NoError(t, connection.Close())
	assert.Equal(t, []error{nil}, eventually(t, f.events, func(e *events) []error { return e.closed }, 1))
	assert.Zero(t, f.Stats().InFlightBytes)
}

// TestTooLarge: of a body that is too large to be kept, in one piece or in many, there is what Condense makes of it, or else its
// beginning. It is acknowledged, and the channel goes on.
func TestTooLarge(t *testing.T) {
	const most = 100_000
	large := strings.Repeat("0123456789", 300_000)
	for _, test := range []struct {
		name     string
		condense func(io.Reader) []byte
		kept     func(body string) string
	}{
		{"its beginning", nil, func(body string) string { return body[:most] }},
		{"what is made", func(body io.Reader) []byte { all, _ := io.ReadAll(body); return all[len(all)-3:] },
			func(body string) string { return body[len(body)-3:] }},
		{"not read at all", func(io.Reader) []byte { return []byte("x") }, func(string) string { return "x" }},
		{"too much", func(body io.Reader) []byte { all, _ := io.ReadAll(body); return all }, func(body string) string { return body[:most] }},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := start(t, options{configure: func(c *Config) { c.MaxMessageBytes, c.Condense = most, test.condense }})
			f.messages.wait(true)
			_, channel := f.dial(amqp.Config{})
			for i, body := range []string{large[:most], large[:most+1], large, "after"} {
				confirmation := publish(t, channel, body)
				message := f.messages.eventually(t, i+1)[i]
				want := body
				if len(body) > most {
					want = test.kept(body)
				}
				assert.Equal(t, want, string(message.Body))
				assert.Equal(t, int64(len(body)), message.Size)
				assert.Equal(t, cost(len(want), 0), f.Stats().InFlightBytes, "what is kept counts")
				message.Accept()
				confirmed(t, confirmation)
			}
			assert.Zero(t, f.Stats().InFlightBytes)
		})
	}
}

// TestNotPublishing: what a publisher has no need of closes the channel with 540, and a new channel works.
func TestNotPublishing(t *testing.T) {
	f := start(t, options{})
	connection, channel := f.dial(amqp.Config{})
	require.NoError(t, channel.Close())
	for _, test := range []struct {
		name string
		call func(*amqp.Channel) error
	}{
		{"basic.consume", func(c *amqp.Channel) error { _, err := c.Consume("q", "", false, false, false, false, nil); return err }},
		{"basic.get", func(c *amqp.Channel) error { _, _, err := c.Get("q", true); return err }},
		{"basic.qos", func(c *amqp.Channel) error { return c.Qos(1, 0, false) }},
		{"queue.delete", func(c *amqp.Channel) error { _, err := c.QueueDelete("q", false, false, false); return err }},
		{"queue.purge", func(c *amqp.Channel) error { _, err := c.QueuePurge("q", false); return err }},
		{"exchange.delete", func(c *amqp.Channel) error { return c.ExchangeDelete("e", false, false) }},
		{"exchange.bind", func(c *amqp.Channel) error { return c.ExchangeBind("a", "b", "c", false, nil) }},
		{"tx.select", func(c *amqp.Channel) error { return c.Tx() }},
	} {
		channel := onlyChannel(t, connection)
		err := test.call(channel)
		var refused *amqp.Error
		require.ErrorAs(t, err, &refused, test.name)
		assert.Equal(t, 540, refused.Code)
		assert.Contains(t, refused.Reason, test.name)
	}
	channel = onlyChannel(t, connection)
	require.NoError(t, channel.Confirm(false))
	confirmed(t, publish(t, channel, "goes on"))
}

// onlyChannel opens the one channel there is; the library frees its number some time after the former one has ended.
func onlyChannel(t testing.TB, connection *amqp.Connection) *amqp.Channel {
	t.Helper()
	var channel *amqp.Channel
	require.Eventually(t, func() bool {
		opened, err := connection.Channel()
		channel = opened
		return err == nil
	}, soon, often)
	return channel
}
