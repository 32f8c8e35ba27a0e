package openstackauditmetricsconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"

	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditmetricsconnector/internal/metadata"
)

// NewFactory returns the factory of the connector openstack_audit_metrics.
func NewFactory() connector.Factory {
	return connector.NewFactory(
		metadata.Type,
		createDefaultConfig,
		connector.WithLogsToMetrics(createLogsToMetrics, metadata.LogsToMetricsStability),
	)
}

func createLogsToMetrics(_ context.Context, settings connector.Settings, config component.Config, next consumer.Metrics) (connector.Logs, error) {
	return newMetricsConnector(settings, config.(*Config), next)
}
