package openstackauditreceiver

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver/internal/metadatatest"
)

// testConnectionLost: the call in flight is cancelled, its batch dropped unsettled, and the broker delivers it again.
func testConnectionLost(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newVirtualHost(t, node)
	entered := make(chan struct{}, 10)
	var once sync.Once
	next := &backend{decide: func(ctx context.Context, _ []string) (err error) {
		once.Do(func() {
			entered <- struct{}{}
			<-ctx.Done()
			err = errPermanent // what a cancelled call says is not believed
		})
		return err
	}}
	r := start(t, c.config(nil), next)
	c.publish(notification("one"))
	<-entered
	_, err := node.Ctl(t.Context(), "close_all_connections", "--vhost", c.virtualHost, "maintenance")
	require.NoError(t, err)

	next.eventuallyAccepts(t, "one")
	r.eventuallyInFlight(0)
	assert.Equal(t, 1, next.times("one"))
	r.eventuallySettled(map[string]int64{"abandoned": 1, "acknowledged": 1})
	assert.Equal(t, int64(1), r.counts("reconnects", "")[""])
	assert.Equal(t, int64(1), r.counts("redeliveries", "")[""])
	assert.GreaterOrEqual(t, r.lines("Not consuming"), 1)
	assert.Equal(t, componentstatus.StatusOK, r.host.last())
	c.connect()
	assert.Zero(t, c.waiting(c.queue+".rejected"))
}

// testDeafToCancellation: a pipeline that takes the batch although the connection was lost gets it again: at least once.
func testDeafToCancellation(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newVirtualHost(t, node)
	entered := make(chan struct{})
	var once sync.Once
	next := &backend{decide: func(ctx context.Context, _ []string) error {
		once.Do(func() { close(entered); <-ctx.Done() })
		return nil
	}}
	r := start(t, c.config(nil), next)
	c.publish(notification("one"))
	<-entered
	_, err := node.Ctl(t.Context(), "close_all_connections", "--vhost", c.virtualHost, "maintenance")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return next.times("one") == 2 }, soon, often)
	r.eventuallyInFlight(0)
	r.eventuallySettled(map[string]int64{"abandoned": 1, "acknowledged": 1})
}

// testShutdownLetsABatchFinish: the batch in flight is settled, what came after it is left in the queue.
func testShutdownLetsABatchFinish(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	entered, release := make(chan struct{}), make(chan struct{})
	next := &backend{decide: func(ctx context.Context, _ []string) error {
		close(entered)
		<-release
		return ctx.Err() // the call is not cancelled
	}}
	r := start(t, c.config(nil), next)
	c.publish(notification("in flight"))
	<-entered
	ids, bodies := notifications("later", 5)
	c.publish(bodies...)
	r.eventuallyInFlight(6)

	down := make(chan struct{})
	go func() { defer close(down); r.shutdown() }()
	<-r.Logs.(*auditReceiver).stop // shutting down
	close(release)
	<-down
	assert.Equal(t, 1, next.times("in flight"))
	assert.Len(t, next.allCalls(), 1, "nothing is taken once it stops")
	assert.Equal(t, map[string]int64{"cadf": 1}, r.counts("notifications", "kind"))
	r.eventuallySettled(map[string]int64{"acknowledged": 1, "abandoned": 5})
	assert.ElementsMatch(t, ids, c.takeIDs(c.queue, 5))
}

// testShutdownDeadline: a batch that does not finish in time is abandoned, unsettled.
func testShutdownDeadline(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	entered := make(chan struct{})
	next := &backend{decide: func(ctx context.Context, _ []string) error {
		close(entered)
		<-ctx.Done()
		return ctx.Err()
	}}
	r := start(t, c.config(nil), next)
	c.publish(notification("slow"))
	<-entered
	deadline, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.NoError(t, r.Shutdown(deadline))
	assert.Equal(t, 1, r.lines("did not finish in time"))
	assert.Equal(t, []string{"slow"}, c.takeIDs(c.queue, 1))
}

// testShutdownWhilePushedBack: a batch that is refused temporarily is not waited for; it stays in the queue.
func testShutdownWhilePushedBack(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	next := &backend{decide: func(context.Context, []string) error { return errTemporary }}
	r := start(t, c.config(func(config *Config, _ *RabbitMQConfig) {
		config.RetryOnFailure.InitialInterval, config.RetryOnFailure.MaxInterval = time.Hour, time.Hour
	}), next)
	c.publish(notification("one"))
	require.Eventually(t, func() bool { return r.counts("pipeline_retries", "")[""] == 1 }, soon, often)
	r.shutdown()
	r.shutdown() // again
	c.eventuallyWaiting(c.queue, 1)
}

// testShutdownUnderLoad: receivers come and go while messages arrive; each message is accepted at least once.
func testShutdownUnderLoad(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	next := &backend{}
	config := c.config(func(_ *Config, section *RabbitMQConfig) { section.Prefetch, section.MaxBatchSize = 50, 20 })
	start(t, config, next).shutdown() // declares the queue

	ids, bodies := notifications("load", 3000)
	published := make(chan error)
	go func() {
		for chunk := range slices.Chunk(bodies, 100) {
			if err := c.publisher.Publish(t.Context(), "notifications.info", chunk...); err != nil {
				published <- err
				return
			}
		}
		published <- nil
	}()
	for i := range 8 {
		r := start(t, config, next)
		next.eventuallyAccepts(t, ids[i*200])
		deadline, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Millisecond)
		require.NoError(t, r.Shutdown(deadline))
		cancel()
	}
	require.NoError(t, <-published)
	last := start(t, config, next)
	next.eventuallyAccepts(t, ids...)
	last.eventuallyInFlight(0)
	assert.Zero(t, c.waiting(c.queue))
	assert.Zero(t, c.waiting(c.queue+".rejected"))
}

// testWrongPassword: Start succeeds, the status has the broker's words, and it connects once it may.
func testWrongPassword(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	next := &backend{}
	r := startAnyhow(t, c.config(func(_ *Config, section *RabbitMQConfig) {
		section.TransportURL = configopaque.String(node.UserURL("late", "s3cret-of-late", c.virtualHost))
	}), next)
	require.Eventually(t, func() bool { return r.host.last() == componentstatus.StatusRecoverableError }, soon, often)
	assert.Contains(t, r.host.lastError(), "403")
	assert.NotContains(t, r.host.lastError(), "s3cret")
	assert.Equal(t, int64(0), r.gauge("connected"))

	require.NoError(t, node.AddUser(t.Context(), "late", "s3cret-of-late"))
	require.NoError(t, node.SetPermissions(t.Context(), "late", c.virtualHost,
		rabbitmqtest.Permissions{Configure: ".*", Write: ".*", Read: ".*"}))
	require.Eventually(t, func() bool { return r.host.last() == componentstatus.StatusOK }, soon, often)
	assert.Equal(t, int64(1), r.gauge("connected"))
	c.publish(notification("one"))
	next.eventuallyAccepts(t, "one")
	assert.LessOrEqual(t, r.lines("Not consuming"), maxComplaints)
	for _, entry := range r.logs.All() {
		for _, value := range entry.ContextMap() {
			assert.NotContains(t, value, "s3cret")
		}
	}
}

// testPasswordOverride: username and password override those of every host.
func testPasswordOverride(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	next := &backend{}
	start(t, c.config(func(_ *Config, section *RabbitMQConfig) {
		section.TransportURL = configopaque.String(node.UserURL("nobody", "wrong", c.virtualHost))
		section.Username, section.Password = "guest", "guest"
	}), next)
	c.publish(notification("one"))
	next.eventuallyAccepts(t, "one")
}

// testExistingQueue: it is consumed, and that this takes the events from its other consumers is said.
func testExistingQueue(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newVirtualHost(t, node)
	c.takeIDs("notifications.info", 1)
	next := &backend{}
	r := start(t, c.config(func(_ *Config, section *RabbitMQConfig) {
		section.Queue.Mode, section.Queue.Name = rabbitmq.QueueExisting, "notifications.info"
	}), next)
	c.publish(notification("one"))
	next.eventuallyAccepts(t, "one")
	assert.Equal(t, 1, r.lines("its other consumers, such as Ceilometer, do not get the events"))
}

// TestAckTimeout: the broker ends the consumer of a delivery that stays unsettled for too long (RabbitMQ's consumer_timeout): up to 4.2
// it closes the channel, since 4.3 it cancels the consumer. The call in flight is cancelled and the batch dropped; the receiver
// reconnects, and takes the message again.
func TestAckTimeout(t *testing.T) {
	t.Parallel()
	// The second delivery has to be acknowledged within the timeout. A channel looks for late acknowledgements at each tick, by default
	// every minute.
	node := rabbitmqtest.Start(t, rabbitmqtest.Options{AdvancedConfig: "[{rabbit, [{consumer_timeout, 5000}, " +
		"{channel_tick_interval, 100}]}]."})
	c := newCloud(t, node)
	var once sync.Once
	next := &backend{decide: func(ctx context.Context, _ []string) (err error) {
		once.Do(func() {
			<-ctx.Done()
			err = ctx.Err()
		})
		return err
	}}
	r := start(t, c.config(nil), next)
	c.publish(notification("slow"))
	next.eventuallyAccepts(t, "slow")
	r.eventuallyInFlight(0)
	r.eventuallySettled(map[string]int64{"abandoned": 1, "acknowledged": 1})
	assert.Contains(t, r.reasons(), "the broker's acknowledgement timeout (consumer_timeout) passed")
	assert.NotContains(t, r.reasons(), "deleted")
	assert.Equal(t, map[string]int64{"openstack_audit": 1}, r.counts("acknowledgement_timeouts", "receiver"))
	assert.Zero(t, c.waiting(c.queue+".rejected"))
}

func TestStartFailsForACertificateThatCannotBeRead(t *testing.T) {
	t.Parallel()
	missing := configtls.ClientConfig{Config: configtls.Config{CAFile: "testdata/missing.pem"}}
	for _, test := range []struct {
		name   string
		change func(*RabbitMQConfig)
	}{
		{"tls section", func(c *RabbitMQConfig) { c.TLS = configoptional.Some(missing) }},
		{"transport_url", func(c *RabbitMQConfig) { c.TransportURL += "?ssl=1&ssl_ca_file=testdata/missing.pem" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := createDefaultConfig().(*Config)
			section := config.RabbitMQ.GetOrInsertDefault()
			section.TransportURL = "rabbit://guest:guest@127.0.0.1:1//"
			test.change(section)
			r, err := newAuditReceiver(metadatatest.NewSettings(componenttest.NewTelemetry()), config, &backend{})
			require.NoError(t, err)
			err = r.Start(t.Context(), componenttest.NewNopHost())
			require.ErrorContains(t, err, "rabbitmq::"+strings.ReplaceAll(test.name, " section", ""))
			require.ErrorContains(t, err, "testdata/missing.pem")
			require.NoError(t, r.Shutdown(t.Context()))
		})
	}
}

func TestStartWarnsOfUnknownQueryKeys(t *testing.T) {
	t.Parallel()
	config := createDefaultConfig().(*Config)
	config.RabbitMQ.GetOrInsertDefault().TransportURL = "rabbit://guest:guest@127.0.0.1:1//?rabbit_colour=blue"
	r := startAnyhow(t, config, &backend{})
	assert.Equal(t, 1, r.lines("rabbit_colour"))
	require.Eventually(t, func() bool { return r.host.last() == componentstatus.StatusRecoverableError }, soon, often)
}
