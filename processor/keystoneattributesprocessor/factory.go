package keystoneattributesprocessor

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/logtext"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor/internal/metadata"
)

// NewFactory returns the factory of the processor. Pipelines that name the same processor share one directory of names.
func NewFactory() processor.Factory {
	s := &shared{enrichers: map[*Config]*enricher{}}
	return processor.NewFactory(
		metadata.Type,
		func() component.Config { return NewDefaultConfig() },
		processor.WithLogs(s.createLogs, metadata.LogsStability),
	)
}

// shared holds the enrichers by the configuration that they were made of: it is one for all pipelines.
type shared struct {
	mu        sync.Mutex
	enrichers map[*Config]*enricher
}

func (s *shared) createLogs(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	set.Logger = logtext.Bounded(set.Logger)
	config := cfg.(*Config)
	if config.off() {
		return processorhelper.NewLogs(ctx, set, cfg, next,
			func(_ context.Context, logs plog.Logs) (plog.Logs, error) { return logs, nil },
			processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
			processorhelper.WithStart(func(context.Context, component.Host) error {
				set.Logger.Info("auth::auth_url is empty: no names are added")
				return nil
			}))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.enrichers[config]
	if e == nil {
		var err error
		if e, err = newEnricher(config, set); err != nil {
			return nil, err
		}
		s.enrichers[config] = e
	}
	e.users++
	p := &pipeline{}
	return processorhelper.NewLogs(ctx, set, cfg, next, e.processLogs,
		processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}),
		processorhelper.WithStart(func(ctx context.Context, host component.Host) error {
			p.host = host
			e.status.join(p)
			e.canary.join(p, next)
			return e.start(ctx, host)
		}),
		processorhelper.WithShutdown(func(ctx context.Context) error {
			p.once.Do(func() {
				e.status.leave(p)
				e.canary.leave(p)
				s.release(ctx, config, e)
			})
			return nil
		}),
	)
}

// release ends an enricher with the last pipeline that uses it.
func (s *shared) release(ctx context.Context, config *Config, e *enricher) {
	s.mu.Lock()
	e.users--
	last := e.users == 0
	if last {
		delete(s.enrichers, config)
	}
	s.mu.Unlock()
	if last {
		e.shutdown(ctx)
	}
}
