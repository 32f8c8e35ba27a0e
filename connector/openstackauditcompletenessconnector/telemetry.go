package openstackauditcompletenessconnector

import (
	"context"

	"go.opentelemetry.io/collector/connector"

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
	waiting := func() int64 {
		t.mu.Lock()
		defer t.mu.Unlock()
		return int64(len(t.requests.waiting))
	}
	return own, shared.Gauge(builder.RegisterOpenstackAuditCompletenessConnectorWaitingRequestsCallback, waiting, own.Common)
}

func (t *telemetry) flushFailed(ctx context.Context, signal string) {
	t.OpenstackAuditCompletenessConnectorFlushFailures.Add(ctx, 1, t.With("signal", signal))
}
