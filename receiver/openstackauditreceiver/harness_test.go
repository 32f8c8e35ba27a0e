package openstackauditreceiver

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver/internal/metadatatest"
)

// Waits for what another process does; generous, because they end as soon as it did.
const (
	soon  = 2 * time.Minute
	often = 5 * time.Millisecond
)

// cloud is a service that notifies over a broker, and the receiver's queue there.
type cloud struct {
	t           *testing.T
	virtualHost string
	url         string
	// exchange is the service's, queue the receiver's.
	exchange, queue string
	publisher       *rabbitmqtest.Publisher
	broker          *amqp.Connection
}

// newCloud has an exchange and a queue of its own in the node's virtual host "/".
func newCloud(t *testing.T, node *rabbitmqtest.Node) *cloud {
	t.Helper()
	return newCloudIn(t, node, "/")
}

// newVirtualHost is a cloud alone in a virtual host: for tests that use the services' own queue, or close all connections.
// It costs two runs of rabbitmqctl.
func newVirtualHost(t *testing.T, node *rabbitmqtest.Node) *cloud {
	t.Helper()
	name := baseName(t)
	require.NoError(t, node.AddVirtualHost(t.Context(), name))
	return newCloudIn(t, node, name)
}

func newCloudIn(t *testing.T, node *rabbitmqtest.Node, virtualHost string) *cloud {
	t.Helper()
	c := &cloud{
		t: t, virtualHost: virtualHost, url: node.UserURL("guest", "guest", virtualHost),
		exchange: "keystone-" + baseName(t), queue: "audit-" + baseName(t),
	}
	publisher, err := rabbitmqtest.NewPublisher(c.url, c.exchange, false)
	require.NoError(t, err)
	t.Cleanup(func() { _ = publisher.Close() })
	c.publisher = publisher
	c.connect()
	c.publish(notification("before the receiver's queue exists")) // declares the exchange
	return c
}

func baseName(t *testing.T) string {
	t.Helper()
	name := strings.TrimPrefix(t.Name(), "TestRabbitMQ/all/")
	return strings.NewReplacer("/", "-", "_", "-", ",", "").Replace(name)
}

// connect opens the connection that looks into the broker.
func (c *cloud) connect() {
	c.t.Helper()
	broker, err := amqp.Dial(c.url)
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = broker.Close() })
	c.broker = broker
}

func (c *cloud) publish(bodies ...[]byte) {
	c.t.Helper()
	require.NoError(c.t, c.publisher.Publish(c.t.Context(), "notifications.info", bodies...))
}

// send publishes one message over a channel of the caller's and waits until the broker has it.
func (c *cloud) send(channel *amqp.Channel, id string) {
	c.t.Helper()
	require.NoError(c.t, channel.Confirm(false))
	confirmation, err := channel.PublishWithDeferredConfirmWithContext(c.t.Context(), c.exchange, "notifications.info", false, false,
		amqp.Publishing{Body: notification(id)})
	require.NoError(c.t, err)
	confirmed, err := confirmation.WaitContext(c.t.Context())
	require.NoError(c.t, err)
	require.True(c.t, confirmed)
}

// waiting is how many messages of a queue are ready for delivery; those in flight are not. It is 0 too while a quorum queue does not
// answer within 250 ms (rabbit_quorum_queue:stat).
func (c *cloud) waiting(queue string) int {
	channel, err := c.broker.Channel()
	require.NoError(c.t, err)
	defer channel.Close()
	state, err := channel.QueueDeclarePassive(queue, true, false, false, false, nil)
	require.NoError(c.t, err)
	return state.Messages
}

func (c *cloud) eventuallyWaiting(queue string, messages int) {
	c.t.Helper()
	require.Eventually(c.t, func() bool { return c.waiting(queue) == messages }, soon, 20*time.Millisecond, "messages in %s", queue)
}

// takeIDs empties a queue, in which as many messages wait, and returns their ids.
func (c *cloud) takeIDs(queue string, messages int) []string {
	c.t.Helper()
	c.eventuallyWaiting(queue, messages)
	channel, err := c.broker.Channel()
	require.NoError(c.t, err)
	defer channel.Close()
	ids := make([]string, messages)
	// Consumed, because RabbitMQ refuses basic.get from a queue with a single active consumer.
	deliveries, err := channel.Consume(queue, "", true, false, false, false, nil)
	require.NoError(c.t, err)
	for i := range ids {
		var body struct {
			MessageID string `json:"message_id"`
		}
		require.NoError(c.t, json.Unmarshal((<-deliveries).Body, &body))
		ids[i] = body.MessageID
	}
	return ids
}

// config is the default but for the waits, and for what differs.
func (c *cloud) config(change func(*Config, *RabbitMQConfig)) *Config {
	config := createDefaultConfig().(*Config)
	section := config.RabbitMQ.GetOrInsertDefault()
	section.TransportURL = configopaque.String(c.url)
	section.Reconnect.InitialInterval = 20 * time.Millisecond
	section.Reconnect.MaxInterval = 100 * time.Millisecond
	section.Exchanges, section.Queue.Name = []string{c.exchange}, c.queue
	config.RetryOnFailure.InitialInterval = 2 * time.Millisecond
	config.RetryOnFailure.MaxInterval = 20 * time.Millisecond
	if change != nil {
		change(config, section)
	}
	require.NoError(c.t, confmap.Validate(config))
	return config
}

// running is a started receiver with everything that can be seen of it.
type running struct {
	receiver.Logs
	t         *testing.T
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	host      *statusHost
}

// start starts a receiver and waits until it consumes. It is shut down with the test, if not before.
func start(t *testing.T, config *Config, next consumer.Logs) *running {
	t.Helper()
	r := startAnyhow(t, config, next)
	require.Eventually(t, func() bool { return r.host.last() == componentstatus.StatusOK }, soon, often, "the receiver does not consume")
	return r
}

func startAnyhow(t *testing.T, config *Config, next consumer.Logs) *running {
	t.Helper()
	r := &running{t: t, telemetry: componenttest.NewTelemetry(), host: &statusHost{}}
	settings := metadatatest.NewSettings(r.telemetry)
	core, logs := observer.New(zapcore.DebugLevel)
	settings.Logger, r.logs = zap.New(core), logs
	logsReceiver, err := NewFactory().CreateLogs(t.Context(), settings, config, next)
	require.NoError(t, err)
	r.Logs = logsReceiver
	require.NoError(t, r.Start(t.Context(), r.host))
	t.Cleanup(func() {
		r.shutdown()
		assert.NoError(t, r.telemetry.Shutdown(context.Background()))
		for _, entry := range r.logs.All() {
			assert.NotContains(t, fmt.Sprint(entry.Message, entry.ContextMap()), "guest:guest")
		}
	})
	return r
}

// shutdown shuts down, which has to come to its end by itself.
func (r *running) shutdown() {
	r.t.Helper()
	abandoned := r.lines("did not finish in time")
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	require.NoError(r.t, r.Shutdown(ctx))
	assert.Equal(r.t, abandoned, r.lines("did not finish in time"))
}

// points are the data points of one of the receiver's metrics; none where nothing was measured.
func (r *running) points(name string) metricdata.Aggregation {
	r.t.Helper()
	metric, err := r.telemetry.GetMetric("otelcol_openstack_audit_receiver_" + name)
	if err != nil {
		return nil
	}
	return metric.Data
}

func (r *running) gauge(name string) int64 {
	r.t.Helper()
	gauge, ok := r.points(name).(metricdata.Gauge[int64])
	require.True(r.t, ok && len(gauge.DataPoints) == 1, "gauge %s", name)
	return gauge.DataPoints[0].Value
}

func (r *running) ratio(name string) float64 {
	r.t.Helper()
	gauge, ok := r.points(name).(metricdata.Gauge[float64])
	require.True(r.t, ok && len(gauge.DataPoints) == 1, "gauge %s", name)
	return gauge.DataPoints[0].Value
}

// counts are a metric's values by an attribute; "" where it has none.
func (r *running) counts(name, key string) map[string]int64 {
	var points []metricdata.DataPoint[int64]
	switch data := r.points(name).(type) {
	case metricdata.Sum[int64]:
		points = data.DataPoints
	case metricdata.Gauge[int64]:
		points = data.DataPoints
	}
	counts := map[string]int64{}
	for _, point := range points {
		value, _ := point.Attributes.Value(attribute.Key(key))
		counts[value.AsString()] += point.Value
	}
	return counts
}

// eventuallySettled waits for the counts of the deliveries, which follow on what the publisher or the broker sees.
func (r *running) eventuallySettled(want map[string]int64) {
	r.t.Helper()
	settled := func() map[string]int64 { return r.counts("deliveries", "settlement") }
	if !assert.Eventually(r.t, func() bool { return maps.Equal(settled(), want) }, soon, often) {
		assert.Equal(r.t, want, settled())
	}
}

func (r *running) seconds(name string) float64 {
	sum, ok := r.points(name).(metricdata.Sum[float64])
	require.True(r.t, ok && len(sum.DataPoints) == 1, "sum %s", name)
	return sum.DataPoints[0].Value
}

func (r *running) eventuallyInFlight(messages int64) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return r.gauge("in_flight_messages") == messages }, soon, often, "%d messages in flight", messages)
}

// lines are the log lines from warning up that contain the text.
func (r *running) lines(text string) int {
	return r.logs.Filter(func(e observer.LoggedEntry) bool {
		return e.Level >= zapcore.WarnLevel && strings.Contains(e.Message, text)
	}).Len()
}

// reasons are the errors that the status had, one a line.
func (r *running) reasons() string {
	r.host.mu.Lock()
	defer r.host.mu.Unlock()
	var reasons strings.Builder
	for _, event := range r.host.events {
		if event.Err() != nil {
			fmt.Fprintln(&reasons, event.Err())
		}
	}
	return reasons.String()
}

// statusHost is a host that remembers the component's status.
type statusHost struct {
	mu     sync.Mutex
	events []*componentstatus.Event
}

func (*statusHost) GetExtensions() map[component.ID]component.Component { return nil }

func (h *statusHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event)
}

func (h *statusHost) last() componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 {
		return componentstatus.StatusNone
	}
	return h.events[len(h.events)-1].Status()
}

func (h *statusHost) lastError() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 || h.events[len(h.events)-1].Err() == nil {
		return ""
	}
	return h.events[len(h.events)-1].Err().Error()
}

// backend is the pipeline behind the receiver: it decides by the ids of the records it is given.
type backend struct {
	// decide is called once per call, one at a time; nil accepts all.
	decide func(ctx context.Context, ids []string) error

	calling  sync.Mutex
	mu       sync.Mutex
	calls    [][]string
	accepted map[string]int
}

func (*backend) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (b *backend) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	b.calling.Lock()
	defer b.calling.Unlock()
	ids := recordIDs(logs)
	b.mu.Lock()
	b.calls = append(b.calls, ids)
	b.mu.Unlock()
	if b.decide != nil {
		if err := b.decide(ctx, ids); err != nil {
			logs.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { return true }) // a consumer may do so also when it fails
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.accepted == nil {
		b.accepted = map[string]int{}
	}
	for _, id := range ids {
		b.accepted[id]++
	}
	return nil
}

// times says how often a record was accepted.
func (b *backend) times(id string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.accepted[id]
}

func (b *backend) allCalls() [][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.calls)
}

func (b *backend) eventuallyAccepts(t *testing.T, ids ...string) {
	t.Helper()
	require.Eventually(t, func() bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return b.times(id) == 0 })
	}, soon, often, "not all of %d records were accepted", len(ids))
}

func recordIDs(logs plog.Logs) []string {
	var ids []string
	for record := range audit.Records(logs) {
		id, _ := record.Attributes().Get(audit.AttrRecordUID)
		ids = append(ids, id.AsString())
	}
	return ids
}

// notification is a CADF notification as Keystone sends it, without an envelope, so that a test can read its id.
func notification(id string) []byte {
	body, err := json.Marshal(map[string]any{
		"message_id":   id,
		"publisher_id": "identity.controller",
		"event_type":   "identity.project.deleted",
		"priority":     "INFO",
		"timestamp":    time.Now().UTC().Format("2006-01-02 15:04:05.000000"),
		"payload": map[string]any{
			"typeURI":   "http://schemas.dmtf.org/cloud/audit/1.0/event",
			"eventType": "activity",
			"id":        "e-" + id,
			"eventTime": time.Now().UTC().Format("2006-01-02T15:04:05.000000+0000"),
			"action":    "deleted.project",
			"outcome":   "success",
			"initiator": map[string]any{"id": "u1", "typeURI": "service/security/account/user"},
			"target":    map[string]any{"id": "p1", "typeURI": "data/security/project"},
			"observer":  map[string]any{"id": "o1", "typeURI": "service/security"},
		},
	})
	if err != nil {
		panic(err)
	}
	return body
}

// notifications are n of them, with the ids prefix-0 and so on.
func notifications(prefix string, n int) (ids []string, bodies [][]byte) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s-%d", prefix, i))
		bodies = append(bodies, notification(ids[i]))
	}
	return ids, bodies
}
