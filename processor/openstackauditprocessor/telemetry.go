package openstackauditprocessor

import (
	"context"

	"go.opentelemetry.io/collector/processor"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditprocessor/internal/metadata"
)

// telemetry is the processor's own metrics.
type telemetry struct {
	*metadata.TelemetryBuilder
	*shared.Attributes
}

func newTelemetry(settings processor.Settings) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &telemetry{TelemetryBuilder: builder, Attributes: shared.NewAttributes("processor", settings.ID)}, nil
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
			t.OpenstackAuditProcessorNotificationDelay.Record(ctx, delay.Seconds(), t.Common)
		}
	}
	shared.Add(ctx, t.OpenstackAuditProcessorLogRecords, b.read, t.Common)
	shared.Add(ctx, t.OpenstackAuditProcessorUnmatchedLogRecords, b.unmatched, t.Common)
	shared.Add(ctx, t.OpenstackAuditProcessorRecordsTruncated, int64(stats.Truncated), t.Common)
	shared.AddEach(ctx, t.Attributes, t.OpenstackAuditProcessorEvents, "kind", kinds)
	shared.AddEach(ctx, t.Attributes, t.OpenstackAuditProcessorEventsSkipped, "reason", skipped)
	shared.AddEach(ctx, t.Attributes, t.OpenstackAuditProcessorDecodeErrors, "reason", broken)
	shared.AddEach(ctx, t.Attributes, t.OpenstackAuditProcessorSignatures, "verdict", b.verdicts)
}
