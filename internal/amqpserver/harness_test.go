package amqpserver

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	soon  = time.Minute
	often = 5 * time.Millisecond
)

func testConfig() Config {
	return Config{
		Product: "test", Version: "1",
		Mechanisms: []Mechanism{MechanismAMQPlain, MechanismPlain}, Username: "keystone", Password: "secret",
		MaxConnections: 64, MaxMessageBytes: 1 << 20, MaxInFlightBytes: 16 << 20, ConfirmTimeout: time.Hour,
	}
}

// fixture is a running server and what it was given.
type fixture struct {
	*Server
	t        testing.TB
	address  string
	messages *keeper
	events   *events
}

type options struct {
	configure func(*Config)
	timeouts  func(*timeouts)
	handler   Handler
	listen    func(net.Listener) net.Listener
	address   string
}

func start(t testing.TB, o options) *fixture {
	t.Helper()
	config := testConfig()
	if o.configure != nil {
		o.configure(&config)
	}
	f := &fixture{t: t, messages: &keeper{}, events: &events{}}
	if o.handler == nil {
		o.handler = f.messages
	}
	server := New(config, o.handler, f.events)
	// What a test does not wait for must not come, however busy the machine is.
	server.timeouts = timeouts{handshake: soon, heartbeat: soon, message: soon, write: soon, close: soon}
	if o.timeouts != nil {
		o.timeouts(&server.timeouts)
	}
	f.Server = server
	if o.address == "" {
		o.address = "127.0.0.1:0"
	}
	var listener net.Listener
	var err error
	require.Eventually(t, func() bool { // a port that was in use a moment ago
		listener, err = net.Listen("tcp", o.address)
		return err == nil
	}, soon, often)
	f.address = listener.Addr().String()
	if o.listen != nil {
		listener = o.listen(listener)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		f.stop()
		require.NoError(t, <-served)
	})
	return f
}

// unanswered is for clients that do not open the connection, or do not answer its close; those that do need less.
func unanswered(t *timeouts) { t.handshake, t.close = 5*time.Second, 5*time.Second }

// stop shuts down without waiting for messages.
func (f *fixture) stop() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = f.Shutdown(ctx) // that messages were left is the test's to look at
}

// dial connects amqp091-go with one channel in confirm mode.
func (f *fixture) dial(config amqp.Config) (*amqp.Connection, *amqp.Channel) {
	f.t.Helper()
	connection, err := amqp.DialConfig("amqp://keystone:secret@"+f.address+"/", config)
	require.NoError(f.t, err)
	f.t.Cleanup(func() { _ = connection.Close() }) // closed by the server in many tests
	channel, err := connection.Channel()
	require.NoError(f.t, err)
	require.NoError(f.t, channel.Confirm(false))
	return connection, channel
}

func publish(t testing.TB, channel *amqp.Channel, body string) *amqp.DeferredConfirmation {
	t.Helper()
	confirmation, err := channel.PublishWithDeferredConfirm("keystone", "notifications.info", false, false,
		amqp.Publishing{ContentType: "application/json", DeliveryMode: amqp.Persistent, Headers: amqp.Table{}, Body: []byte(body)})
	require.NoError(t, err)
	return confirmation
}

func confirmed(t testing.TB, confirmation *amqp.DeferredConfirmation) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	acknowledged, err := confirmation.WaitContext(ctx)
	require.NoError(t, err)
	require.True(t, acknowledged)
}

// keeper is a handler that keeps messages, and accepts them at once unless it waits.
type keeper struct {
	mu       sync.Mutex
	waits    bool
	messages []*Message
}

func (k *keeper) Handle(m *Message) {
	k.mu.Lock()
	k.messages = append(k.messages, m)
	waits := k.waits
	k.mu.Unlock()
	if !waits {
		m.Accept()
	}
}

func (k *keeper) wait(waits bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waits = waits
}

func (k *keeper) all() []*Message {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.messages)
}

func (k *keeper) bodies() []string {
	var bodies []string
	for _, m := range k.all() {
		bodies = append(bodies, string(m.Body))
	}
	return bodies
}

func (k *keeper) eventually(t testing.TB, count int) []*Message {
	t.Helper()
	require.EventuallyWithT(t, func(t *assert.CollectT) { assert.Len(t, k.all(), count) }, soon, often)
	return k.all()
}

// events is an observer that keeps what it was told.
type events struct {
	mu            sync.Mutex
	refused       []error
	opened        []*Client
	closed        []error
	channelClosed []*Refusal
	ignored       int
	resent        int
}

func (e *events) Refused(_ netip.AddrPort, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refused = append(e.refused, err)
}

func (e *events) Opened(client *Client) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.opened = append(e.opened, client)
}

func (e *events) Closed(_ *Client, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = append(e.closed, err)
}

func (e *events) ChannelClosed(_ *Client, reason *Refusal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.channelClosed = append(e.channelClosed, reason)
}

func (e *events) Ignored(*Client) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ignored++
}

func (e *events) Resent(*Client) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.resent++
}

func eventually[T any](t testing.TB, e *events, get func(*events) []T, count int) []T {
	t.Helper()
	var values []T
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		e.mu.Lock()
		defer e.mu.Unlock()
		values = slices.Clone(get(e))
		assert.Len(t, values, count)
	}, soon, often)
	return values
}

func (e *events) refusals() []error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.refused)
}

func (e *events) resentCount() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.resent
}

// eventuallyEmpty waits until the server has neither a connection nor a byte in flight.
func (f *fixture) eventuallyEmpty() {
	f.t.Helper()
	require.Eventually(f.t, func() bool { return f.Stats() == Stats{} }, soon, often)
}
