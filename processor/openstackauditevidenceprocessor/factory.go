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
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditevidenceprocessor/internal/metadata"
)

// NewFactory returns the factory of the processor. Pipelines that name the same processor write one log.
func NewFactory() processor.Factory {
	f := &factory{}
	return processor.NewFactory(metadata.Type, createDefaultConfig, processor.WithLogs(f.createLogs, metadata.LogsStability))
}

type factory struct {
	recorders shared.Instances[*Config, *recorder]
}

func (f *factory) createLogs(
	ctx context.Context, settings processor.Settings, cfg component.Config, next consumer.Logs,
) (processor.Logs, error) {
	settings.Logger = logtext.Bounded(settings.Logger)
	config := cfg.(*Config)
	r, err := f.recorders.Join(config, func() (*recorder, error) { return newRecorder(config, settings) })
	if err != nil {
		return nil, err
	}
	p := &pipeline{recorder: r, next: next}
	var ended sync.Once
	// The helper counts what comes and goes. The log is written behind it, where the verdict of the next consumer is known.
	return processorhelper.NewLogs(ctx, settings, cfg, p,
		func(_ context.Context, logs plog.Logs) (plog.Logs, error) { return logs, nil },
		processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: config.Embed}),
		processorhelper.WithStart(func(ctx context.Context, host component.Host) error {
			return r.start(ctx, host, p)
		}),
		processorhelper.WithShutdown(func(ctx context.Context) error {
			var err error
			ended.Do(func() {
				if f.recorders.Leave(config) {
					err = r.shutdown(ctx)
				}
			})
			return err
		}),
	)
}
