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
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor/internal/metadata"
)

// NewFactory returns the factory of the processor. Pipelines that name the same processor share one directory of names.
func NewFactory() processor.Factory {
	f := &factory{}
	return processor.NewFactory(
		metadata.Type,
		func() component.Config { return NewDefaultConfig() },
		processor.WithLogs(f.createLogs, metadata.LogsStability),
	)
}

type factory struct {
	enrichers shared.Instances[*Config, *enricher]
}

func (f *factory) createLogs(
	ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs,
) (processor.Logs, error) {
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
	e, err := f.enrichers.Join(config, func() (*enricher, error) { return newEnricher(config, set) })
	if err != nil {
		return nil, err
	}
	leave := func() {}
	var ended sync.Once
	return processorhelper.NewLogs(ctx, set, cfg, next, e.processLogs,
		processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}),
		processorhelper.WithStart(func(ctx context.Context, host component.Host) error {
			leaveStatus, leaveCanary := e.status.Join(host), e.canary.join(next)
			leave = func() { leaveStatus(); leaveCanary() }
			return e.start(ctx, host)
		}),
		processorhelper.WithShutdown(func(ctx context.Context) error {
			ended.Do(func() {
				leave()
				if f.enrichers.Leave(config) {
					e.shutdown(ctx)
				}
			})
			return nil
		}),
	)
}
