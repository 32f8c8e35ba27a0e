package faults

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

const (
	// patience is how long anything may take that has no bound of its own.
	patience = collectortest.Patience
	poll     = 10 * time.Millisecond
)

// trial is one fault under load: a publisher, a broker, a collector and a backend.
type trial struct {
	*testing.T
	node        *rabbitmqtest.Node
	virtualHost string
	name        string
	load        *load
	backend     *backend
	proxy       *proxy // between the collector and the broker
	heartbeat   int    // between the collector and the broker, in seconds
	state       string // the collector's storage
	// configuration is the file of config/, and changes are those of it by every collector of the trial.
	configuration string
	changes       string
	witnessed     witnessed
	evidence      string // what audit-verify counted, for the table
	wrapper       []string
	collectors    []*collector
	peak          atomic.Int64

	ended      time.Time // of the fault
	firstAfter int       // the load's first message after it
	recovered  time.Duration
	unbound    int    // lost by a transient exchange itself
	note       string // for the table
}

// newTrial has an exchange, a topic and a queue of its own. Nothing is started yet.
func newTrial(t *testing.T, node *rabbitmqtest.Node, series int) *trial {
	t.Helper()
	name := fmt.Sprintf("faults%d", series)
	tr := &trial{
		T: t, node: node, virtualHost: "/", name: name, backend: newBackend(t), proxy: newProxy(t, node.Address()),
		heartbeat: 2, state: filepath.Join(t.TempDir(), "state"), configuration: evidenceConfiguration,
	}
	tr.witnessed = newWitnessed(t, tr.backend)
	tr.load = &load{
		url: node.URL(), exchange: name, topic: name, durable: true, series: fmt.Sprintf("%08x", series),
	}
	return tr
}

func (t *trial) queue() string { return "audit-" + t.name }

// transportURL leads through the proxy. Heartbeats are short, so that half-open connections are noticed within seconds.
func (t *trial) transportURL() string {
	return fmt.Sprintf("rabbit://guest:guest@%s/%s?heartbeat_timeout_threshold=%d",
		t.proxy.address(), strings.ReplaceAll(t.virtualHost, "/", "%2F"), t.heartbeat)
}

// evidenceConfiguration is config/durable.yaml with the evidence log; bufferConfiguration has no sending queue, and gets that log here.
const (
	evidenceConfiguration = "evidence.yaml"
	bufferConfiguration   = "broker-buffer.yaml"
	withEvidence          = `
processors: {openstack_audit_evidence: {origin: "${env:AUDIT_EVIDENCE_ORIGIN}", key_file: "${env:AUDIT_EVIDENCE_KEY}"}}
service: {pipelines: {logs: {processors: [memory_limiter, keystone_attributes, openstack_audit_evidence]}}}
`
)

// waits are shorter than the defaults; nothing else of the receiver differs from the configuration. Checkpoints are not exported: one that
// is under way at the end would be missing.
const waits = `
receivers:
  openstack_audit:
    rabbitmq:
      exchanges: [%[1]s]
      topics: [%[1]s]
      queue: {name: audit-%[1]s}
      rebind_interval: 1s
      reconnect: {initial_interval: 200ms, max_interval: 2s}
    retry_on_failure: {max_interval: 1s}
processors:
  openstack_audit_evidence: {directory: %[2]q, checkpoint_interval: 1s, export_interval: 0s}
exporters:
  otlp_http:
    retry_on_failure: {initial_interval: 200ms, max_interval: 1s}
`

// direct has no sending queue: a message is acknowledged when the backend took its record.
const direct = `
exporters:
  otlp_http:
    timeout: 1m
    retry_on_failure: {enabled: false}
    sending_queue: {enabled: false}
`

// start starts a collector and waits until it is ready. Each change is a configuration that is merged over the others.
func (t *trial) start(changes ...string) *collector {
	t.Helper()
	c := t.startAnyhow(changes...)
	c.AwaitReady(t)
	return c
}

func (t *trial) startAnyhow(changes ...string) *collector {
	t.Helper()
	log := t.witnessed.free(t)
	common := []string{fmt.Sprintf(waits, t.name, log.directory), t.changes}
	if t.configuration == bufferConfiguration {
		common = append(common, withEvidence)
	}
	c := &collector{t: t.T, peak: &t.peak, Collector: collectortest.Run(t, collectortest.Options{
		Config: t.configuration, Changes: append(common, changes...), Wrapper: t.wrapper,
		Environment: []string{"AUDIT_TRANSPORT_URL=" + t.transportURL(), "AUDIT_OTLP_ENDPOINT=" + t.backend.url(), "AUDIT_STATE=" + t.state,
			"AUDIT_EVIDENCE_KEY=" + log.keyFile, "AUDIT_EVIDENCE_ORIGIN=" + log.origin},
	})}
	log.user = c
	go c.measure()
	t.collectors = append(t.collectors, c)
	return c
}

// underLoad starts the load and a collector, and waits until events flow. The collector comes first: what is published
// before its queue exists is nobody's.
func (t *trial) underLoad(changes ...string) *collector {
	t.Helper()
	t.declareExchange()
	c := t.start(changes...)
	c.waitLog("Consuming") // after it bound its queue
	t.load.start(t.T)
	t.flow(1000)
	return c
}

// declareExchange makes the exchange as a service does by its first notification, which nobody gets.
func (t *trial) declareExchange() {
	t.Helper()
	publisher, err := rabbitmqtest.NewPublisher(t.load.url, t.load.exchange, t.load.durable)
	require.NoError(t, err)
	publisher.Quorum = t.load.quorum
	require.NoError(t, publisher.Publish(t.Context(), t.load.topic+".info", notification("before")))
	require.NoError(t, publisher.Close())
}

// flow waits until so many more messages were confirmed and so many more records stored.
func (t *trial) flow(messages int) {
	t.Helper()
	sent, stored := len(t.load.sent())+messages, t.backend.distinct()+messages
	t.eventually(func() bool { return len(t.load.sent()) >= sent && t.backend.distinct() >= stored }, "events do not flow")
}

// publish waits until so many more messages were confirmed.
func (t *trial) publish(messages int) {
	t.Helper()
	sent := len(t.load.sent()) + messages
	t.eventually(func() bool { return len(t.load.sent()) >= sent }, "messages are not confirmed")
}

// faultEnds starts the time to recover: until the backend has a record of a message that was published after now. A fault that
// the collector has to notice by itself ends when it begins.
func (t *trial) faultEnds() {
	t.firstAfter = t.load.published() + 2*loadBatch // what is on its way was published before
	t.ended = time.Now()
}

// recover waits for a record of a message from after the fault.
func (t *trial) recover() {
	t.Helper()
	t.eventually(func() bool {
		// Any of them will do: of those that were not confirmed some may never come.
		for n := t.firstAfter; n < t.load.published(); n += loadBatch / 2 {
			if t.backend.has(t.load.id(n)) {
				return true
			}
		}
		return false
	}, "no event arrives after the fault")
	t.recovered = time.Since(t.ended)
}

// drain ends the load and waits until the backend has everything that the broker confirmed.
func (t *trial) drain() {
	t.Helper()
	t.load.stop()
	deadline := time.Now().Add(patience)
	stable, last := time.Now(), -1
	for {
		missing := t.missing()
		if len(missing) != last {
			stable, last = time.Now(), len(missing)
		}
		settled := len(missing) == 0 || len(missing) == t.unboundOf(missing) && time.Since(stable) > 5*time.Second
		if settled || time.Now().After(deadline) || time.Since(stable) > patience/2 {
			t.unbound = t.unboundOf(missing)
			return
		}
		<-time.After(poll)
	}
}

// missing are the ids of what the broker confirmed and the backend has not.
func (t *trial) missing() []string {
	return t.backend.missing(t.load.sent())
}

func (t *trial) unboundOf(missing []string) int {
	if len(missing) == 0 {
		return 0
	}
	return t.load.unbound(missing)
}

// eventually polls.
func (t *trial) eventually(condition func() bool, message string) {
	t.Helper()
	require.Eventually(t, condition, patience, poll, message)
}

// ready is how many messages of a queue wait for delivery, and how many consumers it has.
func (t *trial) ready(queue string) (messages, consumers int) {
	t.Helper()
	t.onBroker(func(channel *amqp.Channel) {
		state, err := channel.QueueDeclarePassive(queue, true, false, false, false, nil)
		require.NoError(t, err)
		messages, consumers = state.Messages, state.Consumers
	})
	return messages, consumers
}

// onBroker runs f on a channel of its own to the broker, past the proxy.
func (t *trial) onBroker(f func(*amqp.Channel)) {
	t.Helper()
	connection, err := amqp.Dial(t.load.url)
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	channel, err := connection.Channel()
	require.NoError(t, err)
	f(channel)
}

// ctl runs rabbitmqctl.
func (t *trial) ctl(arguments ...string) string {
	t.Helper()
	text, err := t.node.Ctl(t.Context(), arguments...)
	require.NoError(t, err)
	return text
}

// row is a line of the table.
type row struct {
	fault                                   string
	sent, received, lost, repeated, unbound int
	recovered                               time.Duration
	peakKiB                                 int64
	note                                    string
}

// finish closes the books, and fails the test where they do not balance.
func (t *trial) finish(f fault) row {
	t.Helper()
	t.drain()
	for _, c := range t.collectors {
		select {
		case <-c.Exited:
		default:
			if t.wrapper != nil {
				t.witnessed.checkMounted(t, c)
			}
			// Says on which side of the acknowledgement something was lost.
			t.Logf("deliveries to a collector, however settled: %.0f", c.metric("openstack_audit_receiver_deliveries"))
			c.Stop(t)
		}
	}
	sent := t.load.sent()
	missing := t.missing()
	unbound := t.unboundOf(missing)
	r := row{
		fault: f.name, sent: len(sent), received: len(sent) - len(t.backend.missing(sent)), lost: len(missing), repeated: t.backend.repeated(),
		recovered: t.recovered, peakKiB: t.peak.Load(), note: cmp.Or(t.note, f.repeats),
	}
	if t.wrapper == nil {
		t.witnessed.check(t)
	}
	if f.transient {
		r.lost, r.unbound = r.lost-unbound, unbound
	}
	assert.Zero(t, r.lost, "lost: %s …, of which %d from the beginning of a connection of the publisher", missing[:min(len(missing), 5)],
		unbound)
	if f.repeats == "" {
		assert.Zero(t, r.repeated, "nothing gives a reason to repeat")
	}
	t.cleanUp()
	return r
}

// cleanUp deletes the trial's queues and exchange.
func (t *trial) cleanUp() {
	t.Helper()
	connection, err := amqp.Dial(t.load.url)
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	for _, queue := range []string{t.queue(), t.queue() + ".rejected", t.load.topic + ".info"} {
		channel, err := connection.Channel()
		require.NoError(t, err)
		_, err = channel.QueueDelete(queue, false, false, false)
		require.NoError(t, err)
		require.NoError(t, channel.Close())
	}
	channel, err := connection.Channel()
	require.NoError(t, err)
	require.NoError(t, channel.ExchangeDelete(t.load.exchange, false, false))
}
