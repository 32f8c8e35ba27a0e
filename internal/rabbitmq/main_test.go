package rabbitmq

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cenkalti/backoff/v7"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/inbound"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// patience is how long a test waits for what must happen; nothing takes so long unless it is broken.
const patience = collectortest.Patience

// node is shared: each test has a virtual host of its own.
var node *rabbitmqtest.Node

func TestMain(m *testing.M) {
	code := rabbitmqtest.Main(m, &node)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// broker is a virtual host on a node.
type broker struct {
	*rabbitmqtest.Node
	virtualHost string
}

func newBroker(t *testing.T) broker {
	t.Helper()
	b := broker{Node: node, virtualHost: fmt.Sprintf("%s-%08x", strings.ReplaceAll(t.Name(), "/", "_"), rand.Uint32())}
	require.NoError(t, node.AddVirtualHost(t.Context(), b.virtualHost))
	return b
}

func (b broker) url() string { return b.UserURL("guest", "guest", b.virtualHost) }

func (b broker) config() Config {
	return Config{
		Hosts:          []Host{{Address: b.Address(), Username: "guest", Password: "guest"}},
		VirtualHost:    b.virtualHost,
		ConnectionName: "test",
		Exchanges:      []string{"keystone"},
		Topics:         []string{"notifications"},
		Priorities:     []string{"info", "ERROR"},
		Queue:          QueueConfig{Name: "audit", Mode: QueueOwn, Type: QueueQuorum, SingleActive: true, DeadLetter: true},
		Prefetch:       100,
		RebindInterval: 50 * time.Millisecond,
		Backoff:        backoff.ExponentialBackOff{InitialInterval: 10 * time.Millisecond, Multiplier: 1.5, MaxInterval: 100 * time.Millisecond},
	}
}

// shared is config without single active consumer: RabbitMQ refuses basic.get on such quorum queues.
func (b broker) shared() Config {
	config := b.config()
	config.Queue.SingleActive = false
	return config
}

func (b broker) existing(queue string) Config {
	config := b.config()
	config.Queue = QueueConfig{Name: queue, Mode: QueueExisting}
	return config
}

func (b broker) version(t *testing.T) brokerVersion {
	t.Helper()
	connection, err := amqp.Dial(b.url())
	require.NoError(t, err)
	require.NoError(t, connection.Close())
	return brokerVersionOf(connection.Properties)
}

// channel is an administrator's.
func (b broker) channel(t *testing.T) *amqp.Channel {
	t.Helper()
	connection, err := amqp.Dial(b.url())
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	channel, err := connection.Channel()
	require.NoError(t, err)
	return channel
}

func (b broker) publisher(t *testing.T, exchange string) *rabbitmqtest.Publisher {
	t.Helper()
	publisher, err := rabbitmqtest.NewPublisher(b.url(), exchange, false)
	require.NoError(t, err)
	t.Cleanup(func() { _ = publisher.Close() })
	return publisher
}

// publish publishes the texts as notifications of keystone.
func (b broker) publish(t *testing.T, texts ...string) {
	t.Helper()
	bodies := make([][]byte, len(texts))
	for i, text := range texts {
		bodies[i] = []byte(text)
	}
	require.NoError(t, b.publisher(t, "keystone").Publish(t.Context(), "notifications.info", bodies...))
}

// bodies takes what is in the queue until it is empty, but not before as many have come: returns and dead letters take their time.
func (b broker) bodies(t *testing.T, queue string, count int) []string {
	t.Helper()
	channel := b.channel(t)
	bodies := []string{}
	require.Eventually(t, func() bool {
		for {
			got, ok, err := channel.Get(queue, true)
			require.NoError(t, err)
			if !ok {
				return len(bodies) >= count
			}
			bodies = append(bodies, string(got.Body))
		}
	}, patience, 20*time.Millisecond)
	return bodies
}

func (b broker) closeConnections(t *testing.T) {
	t.Helper()
	_, err := b.Ctl(t.Context(), "close_all_connections", "--vhost", b.virtualHost, "closed by the test")
	require.NoError(t, err)
}

// recorder is an Observer that remembers.
type recorder struct {
	mu           sync.Mutex
	connected    []string
	disconnected map[string][]error
	bound        []string
	missing      []string
	upkeeps      int
	topology     error
	state        QueueState
	differs      []error
	noDeadLetter []error
	near         [][2]int64
	states       []State
	paused       []bool
}

func (r *recorder) do(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

func (r *recorder) Connected(host string) { r.do(func() { r.connected = append(r.connected, host) }) }
func (r *recorder) Disconnected(host string, err error) {
	r.do(func() {
		if r.disconnected == nil {
			r.disconnected = map[string][]error{}
		}
		r.disconnected[host] = append(r.disconnected[host], err)
	})
}
func (r *recorder) ExchangesProbed(bound, missing []string) {
	r.do(func() { r.bound, r.missing = bound, missing })
}
func (r *recorder) TopologyAsserted(err error) {
	r.do(func() { r.topology, r.upkeeps = err, r.upkeeps+1 })
}
func (r *recorder) QueueState(state QueueState) { r.do(func() { r.state = state }) }
func (r *recorder) QueueDiffers(err error)      { r.do(func() { r.differs = append(r.differs, err) }) }
func (r *recorder) DeadLettersUnavailable(err error) {
	r.do(func() { r.noDeadLetter = append(r.noDeadLetter, err) })
}
func (r *recorder) NearDeliveryLimit(_ uint64, count, limit int64) {
	r.do(func() { r.near = append(r.near, [2]int64{count, limit}) })
}

// StateChanged writes down when reading pauses, and when that ends.
func (r *recorder) StateChanged(state State) {
	r.do(func() {
		r.states = append(r.states, state)
		was := len(r.paused) > 0 && r.paused[len(r.paused)-1]
		if is := state == StatePaused; is != was {
			r.paused = append(r.paused, is)
		}
	})
}

// eventually waits until the condition holds over what was recorded.
func (r *recorder) eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, func() (holds bool) {
		r.do(func() { holds = condition() })
		return holds
	}, patience, 5*time.Millisecond, what)
}

// afterUpkeep waits until an upkeep that started after the call is done.
func (r *recorder) afterUpkeep(t *testing.T) {
	t.Helper()
	var before int
	r.do(func() { before = r.upkeeps })
	r.eventually(t, "two more upkeeps", func() bool { return r.upkeeps >= before+2 })
}

// running is a client under test.
type running struct {
	*recorder
	sessions   chan *Session
	deliveries chan inbound.Delivery
	stop       context.CancelFunc
	stopped    chan error
}

// start runs a client whose sessions and deliveries (received, not settled) come out of channels.
func start(t *testing.T, config Config, set ...func(*Client)) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{
		recorder: &recorder{}, stop: cancel, stopped: make(chan error, 1),
		sessions: make(chan *Session, 1000), deliveries: make(chan inbound.Delivery, 10_000),
	}
	client := NewClient(config, r.recorder)
	for _, f := range set {
		f(client)
	}
	go func() {
		r.stopped <- client.Run(ctx, func(ctx context.Context, s *Session) error {
			r.sessions <- s
			s.Receive(ctx, func(deliveries []inbound.Delivery) {
				for i := range deliveries {
					s.Received(&deliveries[i], len(deliveries[i].Body), time.Now())
					r.deliveries <- deliveries[i]
				}
			})
			return nil
		})
		close(r.stopped)
	}()
	t.Cleanup(func() { r.end(t) })
	return r
}

// declare has what the configuration says declared and bound.
func declare(t *testing.T, config Config) {
	t.Helper()
	r := start(t, config)
	r.session(t)
	r.end(t)
}

// end stops the client and waits for it.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	select {
	case err, first := <-r.stopped:
		if first {
			require.ErrorIs(t, err, context.Canceled)
		}
	case <-time.After(patience):
		require.Fail(t, "the client does not stop")
	}
}

func (r *running) session(t *testing.T) *Session {
	t.Helper()
	return next(t, r, r.sessions)
}

// texts returns the bodies of the next deliveries.
func (r *running) texts(t *testing.T, count int) (texts []string) {
	t.Helper()
	for range count {
		texts = append(texts, string(r.delivery(t).Body))
	}
	return texts
}

// until takes deliveries up to the one with this body.
func (r *running) until(t *testing.T, text string) {
	t.Helper()
	for string(r.delivery(t).Body) != text {
	}
}

func (r *running) delivery(t *testing.T) inbound.Delivery {
	t.Helper()
	return next(t, r, r.deliveries)
}

func next[T any](t *testing.T, r *running, from chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		r.do(func() {
			require.Fail(t, "nothing came", "connected %v, disconnected %v, missing %v, topology "+
				"%v", r.connected, r.disconnected, r.missing, r.topology)
		})
	}
	return v
}

// acknowledge and reject are the arguments of a Settle that does nothing else.
func acknowledge(tags ...uint64) (acknowledged, rejected []uint64) { return tags, nil }
func reject(tags ...uint64) (acknowledged, rejected []uint64)      { return nil, tags }

func numbered(from, to int) (texts []string) {
	for i := from; i <= to; i++ {
		texts = append(texts, fmt.Sprint(i))
	}
	return texts
}
