package openstackauditevidenceprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/metric"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditevidenceprocessor/internal/metadata"
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
			observer.Observe(gauge.value(log.Stats()), t.Common)
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
		observer.Observe(time.Since(at).Seconds(), t.Common)
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
			observer.Observe(time.Since(at).Seconds(), t.With("witness", witness))
		}
		return nil
	})
}
