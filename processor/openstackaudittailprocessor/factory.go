package openstackaudittailprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/logtext"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackaudittailprocessor/internal/metadata"
)

// NewFactory returns the factory of the processor. Pipelines that name the same processor share one socket.
func NewFactory() processor.Factory {
	f := &factory{}
	return processor.NewFactory(metadata.Type, createDefaultConfig, processor.WithLogs(f.createLogs, metadata.LogsStability))
}

type factory struct {
	sockets shared.Instances[*Config, *socket]
}

func (f *factory) createLogs(
	_ context.Context, settings processor.Settings, cfg component.Config, next consumer.Logs,
) (processor.Logs, error) {
	config := cfg.(*Config)
	s, err := f.sockets.Join(config, func() (*socket, error) {
		return &socket{path: config.Socket, logger: logtext.Bounded(settings.Logger)}, nil
	})
	if err != nil {
		return nil, err
	}
	return &pipeline{socket: s, next: next, leave: func() bool { return f.sockets.Leave(config) }}, nil
}
