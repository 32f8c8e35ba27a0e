package openstackauditprocessor

import (
	"context"

	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditprocessor/internal/metadata"
)

// telemetry is the processor's metrics, each with the processor's id: in one Collector several may run.
type telemetry struct {
	*metadata.TelemetryBuilder
	id     attribute.KeyValue
	common metric.MeasurementOption
}

func newTelemetry(settings processor.Settings) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	id := attribute.String("processor", settings.ID.String())
	return &telemetry{TelemetryBuilder: builder, id: id, common: metric.WithAttributeSet(attribute.NewSet(id))}, nil
}

// count adds what became of a batch.
func (t *telemetry) count(ctx context.Context, b *batch, stats auditlog.Stats) {
	kinds := map[auditlog.Kind]int64{}
	skipped := map[auditlog.SkipReason]int64{}
	broken := map[oslo.Reason]int64{}
	for i := range b.records {
		r := &b.records[i]
		kinds[r.Kind]++
		if r.Skip != "" {
			skipped[r.Skip]++
		}
		if r.DecodeError != nil {
			broken[r.DecodeError.Reason]++
		}
		if delay, ok := r.Lag(); ok {
			t.OpenstackAuditProcessorNotificationDelay.Record(ctx, delay.Seconds(), t.common)
		}
	}
	add(ctx, t.OpenstackAuditProcessorLogRecords, b.read, t.common)
	add(ctx, t.OpenstackAuditProcessorUnmatchedLogRecords, b.unmatched, t.common)
	add(ctx, t.OpenstackAuditProcessorRecordsTruncated, int64(stats.Truncated), t.common)
	addEach(ctx, t, t.OpenstackAuditProcessorEvents, "kind", kinds)
	addEach(ctx, t, t.OpenstackAuditProcessorEventsSkipped, "reason", skipped)
	addEach(ctx, t, t.OpenstackAuditProcessorDecodeErrors, "reason", broken)
	addEach(ctx, t, t.OpenstackAuditProcessorSignatures, "verdict", b.verdicts)
}

func add(ctx context.Context, counter metric.Int64Counter, count int64, option metric.AddOption) {
	if count > 0 {
		counter.Add(ctx, count, option)
	}
}

func addEach[K ~string](ctx context.Context, t *telemetry, counter metric.Int64Counter, key string, counts map[K]int64) {
	for value, count := range counts {
		counter.Add(ctx, count, metric.WithAttributeSet(attribute.NewSet(t.id, attribute.String(key, string(value)))))
	}
}
