package openstackauditcompletenessconnector

import (
	"context"

	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/otel/metric"

	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditcompletenessconnector/internal/metadata"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// telemetry is the connector's own metrics.
type telemetry struct {
	*metadata.TelemetryBuilder
	*shared.Attributes
}

func newTelemetry(settings connector.Settings, t *tracker) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	own := &telemetry{TelemetryBuilder: builder, Attributes: shared.NewAttributes("connector", settings.ID)}
	observe := func(_ context.Context, observer metric.Int64Observer) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		observer.Observe(int64(len(t.requests.waiting)), own.Common)
		return nil
	}
	return own, builder.RegisterOpenstackAuditCompletenessConnectorWaitingRequestsCallback(observe)
}

func (t *telemetry) flushFailed(ctx context.Context, signal string) {
	t.OpenstackAuditCompletenessConnectorFlushFailures.Add(ctx, 1, t.With("signal", signal))
}
