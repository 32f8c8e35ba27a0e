package openstackauditcompletenessconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"

	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditcompletenessconnector/internal/metadata"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/logtext"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// NewFactory returns the factory of the connector openstack_audit_completeness. Its two sides, to logs and to metrics, share what they
// know.
func NewFactory() connector.Factory {
	f := &factory{}
	return connector.NewFactory(
		metadata.Type,
		createDefaultConfig,
		connector.WithLogsToLogs(f.createLogsToLogs, metadata.LogsToLogsStability),
		connector.WithLogsToMetrics(f.createLogsToMetrics, metadata.LogsToMetricsStability),
	)
}

type factory struct {
	checkers shared.Instances[*Config, *checker]
}

func (f *factory) createLogsToLogs(
	_ context.Context, settings connector.Settings, config component.Config, next consumer.Logs,
) (connector.Logs, error) {
	return f.side(settings, config.(*Config), func(c *checker) flush { c.logs = next; return c.flushLogs })
}

func (f *factory) createLogsToMetrics(
	_ context.Context, settings connector.Settings, config component.Config, next consumer.Metrics,
) (connector.Logs, error) {
	return f.side(settings, config.(*Config), func(c *checker) flush { c.metrics = next; return c.flushMetrics })
}

// side makes one side of the connector. Both get every record: the first that is made reads them.
func (f *factory) side(settings connector.Settings, config *Config, connect func(*checker) flush) (connector.Logs, error) {
	settings.Logger = logtext.Bounded(settings.Logger)
	c, err := f.checkers.Join(config, func() (*checker, error) { return newChecker(config, settings) })
	if err != nil {
		return nil, err
	}
	c.flushes = append(c.flushes, connect(c))
	return &side{checker: c, number: len(c.flushes) - 1, leave: func() bool { return f.checkers.Leave(config) }}, nil
}
