package openstackauditreceiver

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver/internal/metadata"
)

// settlement is how a delivery ended, as the metric of deliveries names it.
type settlement string

const (
	acknowledged settlement = "acknowledged"
	dropped      settlement = "dropped"
	rejected     settlement = "rejected"
	held         settlement = "held"
	abandoned    settlement = "abandoned"
)

// telemetry is the receiver's metrics, each with the receiver's id: in one Collector several may run.
type telemetry struct {
	*metadata.TelemetryBuilder
	id     attribute.KeyValue
	common metric.MeasurementOption
	pairs  sync.Map // of a key and a value to their metric.MeasurementOption
	logger *zap.Logger
	// holding is whether it was said that the pipeline pushes back.
	holding atomic.Bool
}

func newTelemetry(settings receiver.Settings) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	id := attribute.String("receiver", settings.ID.String())
	return &telemetry{
		TelemetryBuilder: builder,
		id:               id,
		common:           metric.WithAttributeSet(attribute.NewSet(id)),
		logger:           settings.Logger,
	}, nil
}

// with returns the receiver's id and one attribute more. There are few, and each is made once.
func (t *telemetry) with(key, value string) metric.MeasurementOption {
	pair := [2]string{key, value}
	if made, known := t.pairs.Load(pair); known {
		return made.(metric.MeasurementOption)
	}
	option := metric.WithAttributeSet(attribute.NewSet(t.id, attribute.String(key, value)))
	t.pairs.Store(pair, option)
	return option
}

// addEach adds a count to each value of an attribute.
func addEach[K ~string](ctx context.Context, t *telemetry, counter metric.Int64Counter, key string, counts map[K]int64) {
	for value, count := range counts {
		if count > 0 {
			counter.Add(ctx, count, t.with(key, string(value)))
		}
	}
}

func (t *telemetry) settled(ctx context.Context, counts map[settlement]int64) {
	addEach(ctx, t, t.OpenstackAuditReceiverDeliveries, "settlement", counts)
}

// longHold is how long the pipeline may push back before it is worth a line: a short refusal is everyday life.
const longHold = 5 * time.Second

// PushedBack implements delivery.Observer.
func (t *telemetry) PushedBack(ctx context.Context, heldFor time.Duration, err error) {
	t.OpenstackAuditReceiverPipelineRetries.Add(ctx, 1, t.common)
	if heldFor >= longHold && t.holding.CompareAndSwap(false, true) {
		t.logger.Warn("The pipeline refuses records for now. They are held and tried again until it takes them; the rest waits in the queue.",
			zap.Duration("held_for", heldFor), zap.Error(err))
	}
}

// Resumed implements delivery.Observer.
func (t *telemetry) Resumed(_ context.Context, heldFor time.Duration) {
	if t.holding.CompareAndSwap(true, false) {
		t.logger.Info("The pipeline takes records again", zap.Duration("held_for", heldFor))
	}
}

// Waited implements delivery.Observer.
func (t *telemetry) Waited(ctx context.Context, duration time.Duration) {
	t.OpenstackAuditReceiverPushbackDuration.Add(ctx, duration.Seconds(), t.common)
}

// observeGauges registers what is measured when somebody asks. The callbacks end with the builder's Shutdown.
func (t *telemetry) observeGauges(w *watcher) error {
	gauge := func(read func(snapshot) (int64, bool)) metric.Int64Callback {
		return func(_ context.Context, observer metric.Int64Observer) error {
			if value, known := read(w.snapshot()); known {
				observer.Observe(value, t.common)
			}
			return nil
		}
	}
	return errors.Join(
		t.RegisterOpenstackAuditReceiverConnectedCallback(gauge(func(s snapshot) (int64, bool) { return s.connections(), true })),
		t.RegisterOpenstackAuditReceiverExchangesMissingCallback(gauge(func(s snapshot) (int64, bool) { return int64(s.missing), s.probed })),
		t.RegisterOpenstackAuditReceiverHeldMessagesCallback(gauge(func(s snapshot) (int64, bool) { return int64(s.held), true })),
		t.RegisterOpenstackAuditReceiverInFlightMessagesCallback(gauge(func(s snapshot) (int64, bool) { return int64(s.messages), true })),
		t.RegisterOpenstackAuditReceiverInFlightBytesCallback(gauge(func(s snapshot) (int64, bool) { return s.bytes, true })),
		t.RegisterOpenstackAuditReceiverQueueMessagesCallback(gauge(func(s snapshot) (int64, bool) { return s.queue.Messages, s.queueKnown })),
		t.RegisterOpenstackAuditReceiverQueueUtilizationCallback(func(_ context.Context, observer metric.Float64Observer) error {
			if s := w.snapshot(); s.queueKnown && s.queue.MaxLength > 0 {
				observer.Observe(float64(s.queue.Messages)/float64(s.queue.MaxLength), t.common)
			}
			return nil
		}),
	)
}
