package openstackauditmetricsconnector

import (
	"context"

	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditmetricsconnector/internal/metadata"
)

// telemetry is the connector's own metrics, each with its id: in one Collector several may run.
type telemetry struct {
	*metadata.TelemetryBuilder
	common metric.MeasurementOption
	// tables are the options of each metric's counts, in the order of counters.tables.
	tables [4]metric.MeasurementOption
}

func newTelemetry(settings connector.Settings, c *counters) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	id := attribute.String("connector", settings.ID.String())
	t := &telemetry{TelemetryBuilder: builder, common: metric.WithAttributeSet(attribute.NewSet(id))}
	for i, table := range c.tables() {
		t.tables[i] = metric.WithAttributeSet(attribute.NewSet(id, attribute.String("metric", table.name)))
	}
	err = builder.RegisterOpenstackAuditMetricsConnectorSeriesCallback(func(_ context.Context, observer metric.Int64Observer) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		for i, table := range c.tables() {
			observer.Observe(int64(len(table.byKey)), t.tables[i])
		}
		return nil
	})
	return t, err
}

func (t *telemetry) add(ctx context.Context, counted tally) {
	if counted.repeated > 0 {
		t.OpenstackAuditMetricsConnectorRepeatedRecords.Add(ctx, counted.repeated, t.common)
	}
	for i, overflowed := range counted.overflowed {
		if overflowed > 0 {
			t.OpenstackAuditMetricsConnectorOverflowedEvents.Add(ctx, overflowed, t.tables[i])
		}
	}
}

func (t *telemetry) flushFailed(ctx context.Context) {
	t.OpenstackAuditMetricsConnectorFlushFailures.Add(ctx, 1, t.common)
}
