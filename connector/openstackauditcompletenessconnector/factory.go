package openstackauditcompletenessconnector

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"

	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditcompletenessconnector/internal/metadata"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/logtext"
)

// NewFactory returns the factory of the connector openstack_audit_completeness. Its two sides, to logs and to metrics, share what they
// know.
func NewFactory() connector.Factory {
	s := &shared{checkers: map[*Config]*checker{}}
	return connector.NewFactory(
		metadata.Type,
		createDefaultConfig,
		connector.WithLogsToLogs(s.createLogsToLogs, metadata.LogsToLogsStability),
		connector.WithLogsToMetrics(s.createLogsToMetrics, metadata.LogsToMetricsStability),
	)
}

// shared holds the checkers by the configuration that they were made of: it is one for both sides.
type shared struct {
	mu       sync.Mutex
	checkers map[*Config]*checker
}

func (s *shared) createLogsToLogs(
	_ context.Context, settings connector.Settings, config component.Config, next consumer.Logs,
) (connector.Logs, error) {
	return s.side(settings, config.(*Config), func(c *checker) flush { c.logs = next; return c.flushLogs })
}

func (s *shared) createLogsToMetrics(
	_ context.Context, settings connector.Settings, config component.Config, next consumer.Metrics,
) (connector.Logs, error) {
	return s.side(settings, config.(*Config), func(c *checker) flush { c.metrics = next; return c.flushMetrics })
}

// side makes one side of the connector. Both get every record: the first that is made reads them.
func (s *shared) side(settings connector.Settings, config *Config, connect func(*checker) flush) (connector.Logs, error) {
	settings.Logger = logtext.Bounded(settings.Logger)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.checkers[config]
	if c == nil {
		var err error
		if c, err = newChecker(config, settings); err != nil {
			return nil, err
		}
		s.checkers[config] = c
	}
	c.flushes = append(c.flushes, connect(c))
	c.sides++
	return &side{checker: c, number: len(c.flushes) - 1, release: s.release}, nil
}

// release reports whether this was the last side of the checker.
func (s *shared) release(c *checker) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.sides--
	if c.sides == 0 {
		delete(s.checkers, c.config)
	}
	return c.sides == 0
}
