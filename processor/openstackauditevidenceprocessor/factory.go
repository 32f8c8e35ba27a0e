package openstackauditevidenceprocessor

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/logtext"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditevidenceprocessor/internal/metadata"
)

// NewFactory returns the factory of the processor. Pipelines that name the same processor write one log.
func NewFactory() processor.Factory {
	s := &shared{recorders: map[*Config]*recorder{}}
	return processor.NewFactory(metadata.Type, createDefaultConfig, processor.WithLogs(s.createLogs, metadata.LogsStability))
}

// shared holds the recorders by the configuration that they were made of: it is one for all pipelines.
type shared struct {
	mu        sync.Mutex
	recorders map[*Config]*recorder
}

func (s *shared) createLogs(
	ctx context.Context, settings processor.Settings, cfg component.Config, next consumer.Logs,
) (processor.Logs, error) {
	settings.Logger = logtext.Bounded(settings.Logger)
	config := cfg.(*Config)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.recorders[config]
	if r == nil {
		var err error
		if r, err = newRecorder(config, settings); err != nil {
			return nil, err
		}
		s.recorders[config] = r
	}
	r.users++
	p := &pipeline{recorder: r, next: next}
	// The helper counts what comes and goes. The log is written behind it, where the verdict of the next consumer is known.
	return processorhelper.NewLogs(ctx, settings, cfg, p,
		func(_ context.Context, logs plog.Logs) (plog.Logs, error) { return logs, nil },
		processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: config.Embed}),
		processorhelper.WithStart(func(ctx context.Context, host component.Host) error {
			p.host = host
			return r.start(ctx, p)
		}),
		processorhelper.WithShutdown(func(ctx context.Context) error {
			var err error
			p.ended.Do(func() { err = s.release(ctx, r) })
			return err
		}),
	)
}

// release ends a recorder with the last pipeline that uses it.
func (s *shared) release(ctx context.Context, r *recorder) error {
	s.mu.Lock()
	r.users--
	last := r.users == 0
	if last {
		delete(s.recorders, r.config)
	}
	s.mu.Unlock()
	if last {
		return r.shutdown(ctx)
	}
	return nil
}
