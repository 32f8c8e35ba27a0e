package openstackauditreceiver

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/delivery"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver/internal/metadata"
)

// telemetry is the receiver's own metrics.
type telemetry struct {
	*metadata.TelemetryBuilder
	*shared.Attributes
	logger *zap.Logger
	// pushedBack reports whether a line was logged that the pipeline pushes back.
	pushedBack atomic.Bool
}

func newTelemetry(settings receiver.Settings) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &telemetry{
		TelemetryBuilder: builder, Attributes: shared.NewAttributes("receiver", settings.ID), logger: settings.Logger,
	}, nil
}

func (t *telemetry) settled(ctx context.Context, counts delivery.Counts) {
	for settlement, count := range counts {
		shared.Add(ctx, t.OpenstackAuditReceiverDeliveries, count, t.With("settlement", delivery.Settlement(settlement).String()))
	}
}

// longPushback is how long the pipeline may push back before it is worth a line: a short refusal is everyday life.
const longPushback = 5 * time.Second

// PushedBack implements delivery.Observer.
func (t *telemetry) PushedBack(ctx context.Context, lasted time.Duration, err error) {
	t.OpenstackAuditReceiverPipelineRetries.Add(ctx, 1, t.Common)
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
	t.OpenstackAuditReceiverPushbackDuration.Add(ctx, duration.Seconds(), t.Common)
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
