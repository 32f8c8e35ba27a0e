package openstackauditevidenceprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditevidenceprocessor/internal/metadata"
)

// telemetry is the processor's own metrics, each with its id: in one Collector several may run.
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

func (t *telemetry) appended(ctx context.Context, took time.Duration) {
	t.OpenstackAuditEvidenceProcessorAppendDuration.Record(ctx, took.Seconds(), t.common)
}

func (t *telemetry) held(ctx context.Context, records int) {
	t.OpenstackAuditEvidenceProcessorHeldRecords.Add(ctx, int64(records), t.common)
}

func (t *telemetry) passed(ctx context.Context, records int) {
	t.OpenstackAuditEvidenceProcessorPassedRecords.Add(ctx, int64(records), t.common)
}

func (t *telemetry) refused(ctx context.Context, records int) {
	t.OpenstackAuditEvidenceProcessorRefusedRecords.Add(ctx, int64(records), t.common)
}

func (t *telemetry) checkpointFailed(ctx context.Context) {
	t.OpenstackAuditEvidenceProcessorCheckpointFailures.Add(ctx, 1, t.common)
}

// watch makes the gauges follow a log. Ages count from the start where there is no checkpoint yet.
func (t *telemetry) watch(log *evidence.Log, start time.Time) error {
	integers := []struct {
		register func(metric.Int64Callback) error
		value    func(evidence.Stats) int64
	}{
		{t.RegisterOpenstackAuditEvidenceProcessorEntriesCallback, func(s evidence.Stats) int64 { return int64(s.Entries) }},
		{t.RegisterOpenstackAuditEvidenceProcessorUnsignedEntriesCallback, func(s evidence.Stats) int64 {
			if s.Checkpoint == nil {
				return int64(s.Entries)
			}
			return int64(s.Entries) - int64(s.Checkpoint.Size)
		}},
		{t.RegisterOpenstackAuditEvidenceProcessorDamagedBytesCallback, func(s evidence.Stats) int64 {
			if s.Damage == nil {
				return 0
			}
			return int64(s.Damage.Bytes)
		}},
		{t.RegisterOpenstackAuditEvidenceProcessorHaltedCallback, func(s evidence.Stats) int64 {
			if s.Halted != nil {
				return 1
			}
			return 0
		}},
	}
	for _, gauge := range integers {
		err := gauge.register(func(_ context.Context, observer metric.Int64Observer) error {
			observer.Observe(gauge.value(log.Stats()), t.common)
			return nil
		})
		if err != nil {
			return err
		}
	}
	err := t.RegisterOpenstackAuditEvidenceProcessorCheckpointAgeCallback(func(_ context.Context, observer metric.Float64Observer) error {
		at := start
		if c := log.Stats().Checkpoint; c != nil {
			at = c.Time
		}
		observer.Observe(time.Since(at).Seconds(), t.common)
		return nil
	})
	if err != nil {
		return err
	}
	return t.RegisterOpenstackAuditEvidenceProcessorCosignatureAgeCallback(func(_ context.Context, observer metric.Float64Observer) error {
		for witness, at := range log.Cosigned() {
			if at.IsZero() {
				at = start
			}
			observer.Observe(time.Since(at).Seconds(), metric.WithAttributeSet(attribute.NewSet(t.id, attribute.String("witness", witness))))
		}
		return nil
	})
}
