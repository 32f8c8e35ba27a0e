package openstackauditcompletenessconnector

import (
	"context"

	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditcompletenessconnector/internal/metadata"
)

// telemetry is the connector's own metrics, each with its id: in one Collector several may run.
type telemetry struct {
	*metadata.TelemetryBuilder
	id attribute.KeyValue
}

func newTelemetry(settings connector.Settings, t *tracker) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	own := &telemetry{TelemetryBuilder: builder, id: attribute.String("connector", settings.ID.String())}
	common := own.with()
	observe := func(_ context.Context, observer metric.Int64Observer) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		observer.Observe(int64(len(t.requests.waiting)), common)
		return nil
	}
	return own, builder.RegisterOpenstackAuditCompletenessConnectorWaitingRequestsCallback(observe)
}

func (t *telemetry) with(attributes ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(attributes, t.id)...))
}

func (t *telemetry) add(ctx context.Context, left untracked) {
	for what, count := range map[string]int64{
		"publisher": left.publishers, "request": left.requests, "session": left.sessions, "finding": left.findings,
	} {
		if count > 0 {
			t.OpenstackAuditCompletenessConnectorUntracked.Add(ctx, count, t.with(attribute.String("what", what)))
		}
	}
}

func (t *telemetry) flushFailed(ctx context.Context, signal string) {
	t.OpenstackAuditCompletenessConnectorFlushFailures.Add(ctx, 1, t.with(attribute.String("signal", signal)))
}
