package openstackauditreceiver

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/delivery"
	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver/internal/metadata"
)

// telemetry is the receiver's metrics, each with the receiver's id: in one Collector several may run.
type telemetry struct {
	*metadata.TelemetryBuilder
	id     attribute.KeyValue
	common metric.MeasurementOption
	pairs  sync.Map // of a key and a value to their metric.MeasurementOption
	logger *zap.Logger
	// pushedBack reports whether a line was logged that the pipeline pushes back.
	pushedBack atomic.Bool
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

// with returns the receiver's id and one attribute more. There are few, and each is kept.
func (t *telemetry) with(key, value string) metric.MeasurementOption {
	pair := [2]string{key, value}
	if option, known := t.pairs.Load(pair); known {
		return option.(metric.MeasurementOption)
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

func (t *telemetry) settled(ctx context.Context, counts delivery.Counts) {
	for settlement, count := range counts {
		if count > 0 {
			t.OpenstackAuditReceiverDeliveries.Add(ctx, count, t.with("settlement", delivery.Settlement(settlement).String()))
		}
	}
}

// longPushback is how long the pipeline may push back before it is worth a line: a short refusal is everyday life.
const longPushback = 5 * time.Second

// PushedBack implements delivery.Observer.
func (t *telemetry) PushedBack(ctx context.Context, lasted time.Duration, err error) {
	t.OpenstackAuditReceiverPipelineRetries.Add(ctx, 1, t.common)
	if lasted >= longPushback && t.pushedBack.CompareAndSwap(false, true) {
		t.logger.Warn("The pipeline refuses records temporarily. They are kept and tried again until it accepts them; others wait in the queue.",
			zap.Duration("lasted", lasted), zap.Error(err))
	}
}

// Resumed implements delivery.Observer.
func (t *telemetry) Resumed(_ context.Context, lasted time.Duration) {
	if t.pushedBack.CompareAndSwap(true, false) {
		t.logger.Info("The pipeline accepts records again", zap.Duration("lasted", lasted))
	}
}

// Waited implements delivery.Observer.
func (t *telemetry) Waited(ctx context.Context, duration time.Duration) {
	t.OpenstackAuditReceiverPushbackDuration.Add(ctx, duration.Seconds(), t.common)
}

// logged remembers what was logged, so that it is logged once. What has no room is not logged.
type logged[K comparable] struct {
	keys map[K]struct{}
	most int
}

func newLogged[K comparable](most int) logged[K] {
	return logged[K]{keys: map[K]struct{}{}, most: most}
}

// add reports whether the key is new, and has room.
func (l logged[K]) add(key K) bool {
	if _, known := l.keys[key]; known || len(l.keys) >= l.most {
		return false
	}
	l.keys[key] = struct{}{}
	return true
}

func (l logged[K]) clear() { clear(l.keys) }
