package openstackauditreceiver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	signal "go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/multierr"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver/internal/metadata"
)

// testConsumeContract runs the Collector's own check of what a receiver owes its next consumer.
func testConsumeContract(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newVirtualHost(t, node)
	const queue = "notifications.info" // exists, so that nothing published before the receiver connects is lost
	c.takeIDs(queue, 1)
	config := c.config(func(_ *Config, section *RabbitMQConfig) {
		section.MaxBatchSize = 1
		section.Queue.Name, section.Queue.Mode = queue, rabbitmq.QueueExisting
	})
	config.OnPermanentError = PermanentErrorDrop // the queue has no dead-letter queue
	var decided atomic.Int64                     // messages that the consumer accepted or rejected permanently
	checkConsumeContract(t, config, func(number int64, id string) {
		channel, err := c.broker.Channel() // the publisher's is not for concurrent use
		require.NoError(t, err)
		defer channel.Close()
		c.send(channel, id)
		if number%generateCount == 0 { // the checker waits no more than 5 s after the last, also for the receiver to connect
			require.Eventually(t, func() bool { return decided.Load() >= number }, soon, often)
		}
	}, func(err error) {
		if err == nil || consumererror.IsPermanent(err) {
			decided.Add(1)
		}
	})
	c.eventuallyWaiting(queue, 0)
}

// generateCount is how many messages the checker wants in each of its scenarios.
const generateCount = 100

// checkConsumeContract runs the Collector's own check of what a receiver owes its next consumer. publish sends the notification of a
// number; consumed is called with the consumer's answer to each.
func checkConsumeContract(t *testing.T, config *Config, publish func(number int64, id string), consumed func(error)) {
	t.Helper()
	receivertest.CheckConsumeContract(receivertest.CheckConsumeContractParams{
		T: t,
		Factory: receiver.NewFactory(metadata.Type, createDefaultConfig, receiver.WithLogs(
			func(ctx context.Context, settings receiver.Settings, config component.Config, next consumer.Logs) (receiver.Logs, error) {
				withID, err := consumer.NewLogs(func(ctx context.Context, logs plog.Logs) error {
					setTestID(logs)
					err := next.ConsumeLogs(ctx, logs)
					consumed(err)
					return err
				}, consumer.WithCapabilities(consumer.Capabilities{MutatesData: true}))
				require.NoError(t, err)
				return createLogs(ctx, settings, config, withID)
			}, metadata.LogsStability)),
		Signal:        signal.SignalLogs,
		Config:        config,
		Generator:     &generator{publish: publish},
		GenerateCount: generateCount,
	})
}

// setTestID puts a record's id where the checker looks for it.
func setTestID(logs plog.Logs) {
	for record := range audit.Records(logs) {
		id, _ := record.Attributes().Get(audit.AttrRecordUID)
		record.Attributes().PutStr(receivertest.UniqueIDAttrName, id.AsString())
	}
}

type generator struct {
	publish func(number int64, id string)
	started atomic.Int64
}

func (*generator) Start() {}
func (*generator) Stop()  {}

func (g *generator) Generate() []receivertest.UniqueIDAttrVal {
	number := g.started.Add(1)
	id := fmt.Sprintf("contract-%d", number)
	g.publish(number, id)
	return []receivertest.UniqueIDAttrVal{receivertest.UniqueIDAttrVal(id)}
}

var (
	errTemporary = errors.New("memory is short")
	errPermanent = consumererror.NewPermanent(errors.New("mapping conflict"))
)

// testBatchContract is the contract for batches: whatever the pipeline refuses, temporarily, permanently, alone or as a fan-out
// joins errors, neighbours arrive, and what is rejected permanently ends exactly once in the dead-letter queue.
func testBatchContract(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	for _, test := range []struct {
		name string
		// refuse is the error for a record, tries is how often it was offered before.
		refuse  func(number, tries int) error
		refused func(number int) bool
	}{
		{
			name:    "nothing",
			refuse:  func(int, int) error { return nil },
			refused: func(int) bool { return false },
		},
		{
			name:    "one permanently",
			refuse:  onlyIf(func(number, _ int) bool { return number == 137 }, errPermanent),
			refused: func(number int) bool { return number == 137 },
		},
		{
			name:    "many permanently",
			refuse:  onlyIf(func(number, _ int) bool { return number%7 == 3 }, errPermanent),
			refused: func(number int) bool { return number%7 == 3 },
		},
		{
			name:    "all permanently",
			refuse:  onlyIf(func(int, int) bool { return true }, errPermanent),
			refused: func(int) bool { return true },
		},
		{
			name:    "temporarily",
			refuse:  onlyIf(func(number, tries int) bool { return number%50 == 0 && tries < 3 }, errTemporary),
			refused: func(int) bool { return false },
		},
		{
			name:    "both branches of a fan-out permanently",
			refuse:  onlyIf(func(number, _ int) bool { return number == 20 }, multierr.Append(errPermanent, errPermanent)),
			refused: func(number int) bool { return number == 20 },
		},
		{
			name:    "one branch permanently, the other temporarily, then takes it",
			refuse:  onlyIf(func(number, tries int) bool { return number%60 == 1 && tries < 4 }, multierr.Append(errPermanent, errTemporary)),
			refused: func(int) bool { return false },
		},
		{
			name: "one branch permanently, the other temporarily, then both permanently",
			refuse: func(number, tries int) error {
				switch {
				case number != 77:
					return nil
				case tries < 3:
					return errors.Join(errTemporary, errPermanent)
				default:
					return errors.Join(errPermanent, errPermanent)
				}
			},
			refused: func(number int) bool { return number == 77 },
		},
		{
			name: "some temporarily, some permanently",
			refuse: func(number, tries int) error {
				switch {
				case number%40 == 5:
					return errPermanent
				case number%40 == 6 && tries < 2:
					return errTemporary
				}
				return nil
			},
			refused: func(number int) bool { return number%40 == 5 },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			checkBatchContract(t, node, 1, test.refuse, test.refused)
		})
		t.Run(test.name+", three in flight", func(t *testing.T) {
			t.Parallel()
			checkBatchContract(t, node, 3, test.refuse, test.refused)
		})
	}
}

func onlyIf(condition func(number, tries int) bool, err error) func(number, tries int) error {
	return func(number, tries int) error {
		if condition(number, tries) {
			return err
		}
		return nil
	}
}

func checkBatchContract(t *testing.T, node *rabbitmqtest.Node, batches int, refuse func(number, tries int) error, refused func(int) bool) {
	t.Helper()
	const count = 240
	c := newCloud(t, node)
	ids, bodies := notifications("batch", count)
	tries := map[string]int{}
	next := &backend{decide: func(_ context.Context, batch []string) error {
		var errs error
		for _, id := range batch {
			if err := refuse(slices.Index(ids, id), tries[id]); err != nil {
				errs = multierr.Append(errs, err)
			}
			tries[id]++
		}
		return errs
	}}
	r := start(t, c.config(func(_ *Config, section *RabbitMQConfig) {
		section.MaxBatchSize, section.Prefetch, section.BatchesInFlight = 60/batches, 100, batches
	}), next)
	c.publish(bodies...)

	var wantAccepted, wantRejected []string
	for number, id := range ids {
		if refused(number) {
			wantRejected = append(wantRejected, id)
		} else {
			wantAccepted = append(wantAccepted, id)
		}
	}
	next.eventuallyAccepts(t, wantAccepted...)
	deadLetters := c.queue + ".rejected"
	c.eventuallyWaiting(deadLetters, len(wantRejected))
	r.eventuallyInFlight(0)
	assert.Zero(t, c.waiting(c.queue))
	r.shutdown()

	// All is settled, so that nothing comes back, and nothing is twice in the dead-letter queue.
	settled := r.counts("deliveries", "settlement")
	assert.Equal(t, int64(len(wantAccepted)), settled["acknowledged"])
	assert.Equal(t, int64(len(wantRejected)), settled["rejected"])
	assert.Zero(t, settled["abandoned"])
	assert.Empty(t, r.counts("redeliveries", ""))
	assert.ElementsMatch(t, wantRejected, c.takeIDs(deadLetters, len(wantRejected)))
	for _, id := range wantRejected {
		assert.Zero(t, next.times(id))
	}
}

// testGroupCommit: what comes while a batch is in ConsumeLogs is the next batch, in order, at most max_batch_size.
func testGroupCommit(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	entered, release := make(chan struct{}), make(chan struct{})
	next := &backend{decide: func(_ context.Context, ids []string) error {
		if ids[0] == "first-0" {
			close(entered)
			<-release
		}
		return nil
	}}
	r := start(t, c.config(func(_ *Config, section *RabbitMQConfig) { section.MaxBatchSize = 200 }), next)

	_, first := notifications("first", 1)
	c.publish(first...) // leaves at once: nothing else is there, and there is no timer
	<-entered
	ids, bodies := notifications("meanwhile", 401) // the last counts as in flight a moment before it can be in a batch
	c.publish(bodies...)
	r.eventuallyInFlight(402)
	close(release)
	next.eventuallyAccepts(t, ids...)
	assert.Equal(t, [][]string{{"first-0"}, ids[:200], ids[200:400], ids[400:]}, next.allCalls())
}

// testAcknowledgedOnlyWhenTaken: while ConsumeLogs has not returned, nothing is acknowledged.
func testAcknowledgedOnlyWhenTaken(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	entered, release := make(chan struct{}), make(chan struct{})
	next := &backend{decide: func(context.Context, []string) error {
		close(entered)
		<-release
		return nil
	}}
	r := start(t, c.config(nil), next)
	c.publish(notification("one"))
	<-entered
	assert.Equal(t, int64(1), r.gauge("in_flight_messages"))
	assert.Positive(t, r.gauge("in_flight_bytes"))
	close(release)
	r.eventuallyInFlight(0)
	assert.Equal(t, int64(0), r.gauge("in_flight_bytes"))
	r.eventuallySettled(map[string]int64{"acknowledged": 1})
}

// testRefusedForNow: the receiver holds what it has, takes nothing more than the prefetch, returns nothing to the queue, and
// goes on when the pipeline does.
func testRefusedForNow(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	var open atomic.Bool
	next := &backend{decide: func(context.Context, []string) error {
		if open.Load() {
			return nil
		}
		return errTemporary
	}}
	r := start(t, c.config(func(_ *Config, section *RabbitMQConfig) { section.Prefetch, section.MaxBatchSize = 20, 10 }), next)
	ids, bodies := notifications("held", 100)
	c.publish(bodies...)
	r.eventuallyInFlight(20)
	require.Eventually(t, func() bool { return r.counts("pipeline_retries", "")[""] > 10 }, soon, often)
	c.eventuallyWaiting(c.queue, 80)
	calls := next.allCalls()
	for _, call := range calls {
		require.Equal(t, calls[0], call, "the same batch is offered again and again")
	}

	open.Store(true)
	next.eventuallyAccepts(t, ids...)
	r.eventuallyInFlight(0)
	for _, id := range ids {
		require.Equal(t, 1, next.times(id))
	}
	assert.Empty(t, r.counts("redeliveries", ""), "nothing went back to the queue")
	assert.Greater(t, r.seconds("pushback_duration"), 0.0)
}

// testHeld: what is rejected permanently and has no dead-letter queue stays in the queue, and others pass it.
func testHeld(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newVirtualHost(t, node)
	next := &backend{decide: func(_ context.Context, ids []string) error {
		if slices.Contains(ids, "held-5") {
			return errPermanent
		}
		return nil
	}}
	config := c.config(func(_ *Config, section *RabbitMQConfig) { section.Queue.DeadLetter = false })
	r := start(t, config, next)
	ids, bodies := notifications("held", 50)
	c.publish(bodies...)
	c.publish(notification("later"))
	next.eventuallyAccepts(t, append(slices.Delete(slices.Clone(ids), 5, 6), "later")...)
	r.eventuallyInFlight(1)
	assert.Equal(t, int64(1), r.gauge("held_messages"))
	require.Eventually(t, func() bool { return r.counts("deliveries", "settlement")["held"] == 1 }, soon, often)

	// The broker delivers it again in the next generation, where it is held again, and not said again.
	_, err := node.Ctl(t.Context(), "close_all_connections", "--vhost", c.virtualHost, "test")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return r.counts("deliveries", "settlement")["held"] == 2 }, soon, often)
	assert.Equal(t, 1, r.lines("A message is rejected permanently and there is no dead-letter queue"))

	r.shutdown()
	c.connect()
	assert.Equal(t, []string{"held-5"}, c.takeIDs(c.queue, 1))
}

// testDropPolicy: on_permanent_error: drop acknowledges, even where there is a dead-letter queue.
func testDropPolicy(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	next := &backend{decide: func(_ context.Context, ids []string) error {
		if slices.Contains(ids, "one-1") {
			return errPermanent
		}
		return nil
	}}
	r := start(t, c.config(func(config *Config, _ *RabbitMQConfig) { config.OnPermanentError = PermanentErrorDrop }), next)
	_, bodies := notifications("one", 3)
	c.publish(bodies...)
	next.eventuallyAccepts(t, "one-0", "one-2")
	r.eventuallyInFlight(0)
	r.eventuallySettled(map[string]int64{"acknowledged": 2, "dropped": 1})
	assert.Zero(t, c.waiting(c.queue))
	assert.Zero(t, c.waiting(c.queue+".rejected"))
}

// testUndecodable: bytes that are no notification become a raw record, or go the way that on_decode_error says.
func testUndecodable(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	for policy, want := range map[auditlog.DecodeErrorPolicy]struct {
		records, deadLetters int
		settled              map[string]int64
		skipped              map[string]int64
	}{
		auditlog.DecodeErrorKeep:   {2, 0, map[string]int64{"acknowledged": 2}, map[string]int64{}},
		auditlog.DecodeErrorReject: {1, 1, map[string]int64{"acknowledged": 1, "rejected": 1}, map[string]int64{}},
		auditlog.DecodeErrorDrop:   {1, 0, map[string]int64{"acknowledged": 2}, map[string]int64{"decode_error": 1}},
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, node)
			next := &backend{}
			r := start(t, c.config(func(config *Config, _ *RabbitMQConfig) { config.Records.OnDecodeError = policy }), next)
			c.publish([]byte("{torn"), notification("whole"))
			next.eventuallyAccepts(t, "whole")
			r.eventuallyInFlight(0)
			assert.Len(t, slices.Concat(next.allCalls()...), want.records)
			r.eventuallySettled(want.settled)
			assert.Equal(t, want.skipped, r.counts("notifications_skipped", "reason"))
			assert.Equal(t, map[string]int64{"json": 1}, r.counts("decode_errors", "reason"))
			assert.Equal(t, map[string]int64{"cadf": 1, "raw": 1}, r.counts("notifications", "kind"))
			c.eventuallyWaiting(c.queue+".rejected", want.deadLetters)
		})
	}
}
