package openstackauditevidenceprocessor

import (
	"context"
	"errors"
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
	entries := func() int64 { return int64(log.Stats().Entries) }
	unsigned := func() int64 {
		stats := log.Stats()
		if stats.Checkpoint == nil {
			return int64(stats.Entries)
		}
		return int64(stats.Entries) - int64(stats.Checkpoint.Size)
	}
	damaged := func() int64 {
		if damage := log.Stats().Damage; damage != nil {
			return int64(damage.Bytes)
		}
		return 0
	}
	halted := func() int64 { return shared.OneIf(log.Stats().Halted != nil) }
	checkpointAge := func(_ context.Context, observer metric.Float64Observer) error {
		at := start
		if c := log.Stats().Checkpoint; c != nil {
			at = c.Time
		}
		observer.Observe(time.Since(at).Seconds(), t.Common)
		return nil
	}
	cosignatureAge := func(_ context.Context, observer metric.Float64Observer) error {
		for witness, at := range log.Cosigned() {
			if at.IsZero() {
				at = start
			}
			observer.Observe(time.Since(at).Seconds(), t.With("witness", witness))
		}
		return nil
	}
	return errors.Join(
		shared.Gauge(t.RegisterOpenstackAuditEvidenceProcessorEntriesCallback, entries, t.Common),
		shared.Gauge(t.RegisterOpenstackAuditEvidenceProcessorUnsignedEntriesCallback, unsigned, t.Common),
		shared.Gauge(t.RegisterOpenstackAuditEvidenceProcessorDamagedBytesCallback, damaged, t.Common),
		shared.Gauge(t.RegisterOpenstackAuditEvidenceProcessorHaltedCallback, halted, t.Common),
		t.RegisterOpenstackAuditEvidenceProcessorCheckpointAgeCallback(checkpointAge),
		t.RegisterOpenstackAuditEvidenceProcessorCosignatureAgeCallback(cosignatureAge),
	)
}
