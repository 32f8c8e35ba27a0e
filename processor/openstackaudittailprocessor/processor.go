package openstackaudittailprocessor

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/tail"
)

// socket is one for all pipelines of a configuration.
type socket struct {
	path   string
	logger *zap.Logger

	begin, end sync.Once
	// server is nil where the socket could not be made.
	server *tail.Server
}

// start makes the socket. Without one the collector goes on: nobody can look, and no record is lost.
func (s *socket) start(ctx context.Context) {
	s.begin.Do(func() {
		server, err := tail.Listen(ctx, s.path)
		if err != nil {
			s.logger.Warn("There is no socket for audit-tail; records pass nevertheless", zap.Error(err))
			return
		}
		s.server = server
	})
}

func (s *socket) shutdown() (err error) {
	s.end.Do(func() {
		if s.server != nil {
			err = s.server.Close()
		}
	})
	return err
}

// pipeline passes records on. It is no exporter: a second one would make the Collector copy each batch for the first, whether somebody
// looks or not.
type pipeline struct {
	socket *socket
	next   consumer.Logs
	// leave reports whether this was the last pipeline.
	leave func() bool
	ended sync.Once
}

// Start implements component.Component.
func (p *pipeline) Start(ctx context.Context, _ component.Host) error {
	p.socket.start(ctx)
	return nil
}

// Shutdown implements component.Component.
func (p *pipeline) Shutdown(context.Context) (err error) {
	p.ended.Do(func() {
		if p.leave() {
			err = p.socket.shutdown()
		}
	})
	return err
}

// Capabilities implements consumer.Logs.
func (*pipeline) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// ConsumeLogs implements consumer.Logs. Shown is what the next consumer accepted, as it was before.
func (p *pipeline) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	if p.socket.server == nil {
		return p.next.ConsumeLogs(ctx, logs)
	}
	selection := p.socket.server.Select(logs)
	err := p.next.ConsumeLogs(ctx, logs)
	if err == nil {
		selection.Show()
	}
	return err
}
