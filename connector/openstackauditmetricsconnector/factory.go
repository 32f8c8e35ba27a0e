package openstackauditmetricsconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"

	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditmetricsconnector/internal/metadata"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/logtext"
)

// NewFactory returns the factory of the connector openstack_audit_metrics.
func NewFactory() connector.Factory {
	return connector.NewFactory(
		metadata.Type,
		createDefaultConfig,
		connector.WithLogsToMetrics(createLogsToMetrics, metadata.LogsToMetricsStability),
	)
}

func createLogsToMetrics(
	_ context.Context, settings connector.Settings, config component.Config, next consumer.Metrics,
) (connector.Logs, error) {
	settings.Logger = logtext.Bounded(settings.Logger)
	return newMetricsConnector(settings, config.(*Config), next)
}
