package openstackauditmetricsconnector

import (
	"context"

	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/otel/metric"

	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditmetricsconnector/internal/metadata"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// telemetry is the connector's own metrics.
type telemetry struct {
	*metadata.TelemetryBuilder
	*shared.Attributes
	// tables are the options of each metric's counts, in the order of counters.tables.
	tables [4]metric.MeasurementOption
}

func newTelemetry(settings connector.Settings, c *counters) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	t := &telemetry{TelemetryBuilder: builder, Attributes: shared.NewAttributes("connector", settings.ID)}
	for i, table := range c.tables() {
		t.tables[i] = t.With("metric", table.name)
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
	shared.Add(ctx, t.OpenstackAuditMetricsConnectorRepeatedRecords, counted.repeated, t.Common)
	for i, overflowed := range counted.overflowed {
		shared.Add(ctx, t.OpenstackAuditMetricsConnectorOverflowedEvents, overflowed, t.tables[i])
	}
}
