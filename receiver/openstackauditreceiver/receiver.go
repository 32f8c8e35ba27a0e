package openstackauditreceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
)

// Bounds of Shutdown: how long a batch in flight may take where the caller sets no deadline (the Collector does not), and
// how long closing may take after it was abandoned.
const (
	shutdownTimeout = 10 * time.Second
	closeTimeout    = 5 * time.Second
)

// source is one way in. run returns when ctx ends, or when stop is closed and what is in flight is settled.
type source interface {
	run(ctx context.Context, stop <-chan struct{})
}

// auditReceiver owns the sources' goroutines from Start to Shutdown.
type auditReceiver struct {
	config    *Config
	settings  receiver.Settings
	next      consumer.Logs
	telemetry *telemetry
	report    *receiverhelper.ObsReport

	sources  sync.WaitGroup
	abandon  context.CancelFunc // ends what is in flight; nil before Start
	stop     chan struct{}
	stopOnce sync.Once
}

func newAuditReceiver(settings receiver.Settings, config *Config, next consumer.Logs) (*auditReceiver, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: settings.ID, Transport: "amqp", LongLivedCtx: true, ReceiverCreateSettings: settings,
	})
	if err != nil {
		return nil, err
	}
	telemetry, err := newTelemetry(settings)
	if err != nil {
		return nil, err
	}
	return &auditReceiver{
		config: config, settings: settings, next: next, telemetry: telemetry, report: report, stop: make(chan struct{}),
	}, nil
}

// Start fails for local mistakes only, such as a certificate that cannot be read. It connects in the background.
func (r *auditReceiver) Start(ctx context.Context, host component.Host) error {
	pipeline := newPipeline(r.config, r.settings.BuildInfo, r.next, r.telemetry, r.report)
	if err := r.telemetry.RegisterOpenstackAuditReceiverLastEventTimeCallback(pipeline.lastEvents.observe); err != nil {
		return err
	}
	var sources []source
	if r.config.RabbitMQ.HasValue() {
		queue, err := r.newQueueConsumer(ctx, host, pipeline)
		if err != nil {
			return err
		}
		sources = append(sources, queue)
	}
	if r.config.Listen.HasValue() {
		listener, err := r.newListener(ctx, host, pipeline)
		if err != nil {
			return err
		}
		sources = append(sources, listener)
	}

	r.launch(sources...)
	return nil
}

// launch runs the sources on a context of their own: Start's ends with Start.
func (r *auditReceiver) launch(sources ...source) {
	ctx, abandon := context.WithCancel(context.Background())
	r.abandon = abandon
	for _, source := range sources {
		r.sources.Go(func() { source.run(ctx, r.stop) })
	}
}

// Shutdown takes nothing more, lets the batch in flight finish until ctx's deadline, and then abandons it: what is not
// settled is delivered again. It may be called more than once, and without Start.
func (r *auditReceiver) Shutdown(ctx context.Context) error {
	var err error
	r.stopOnce.Do(func() {
		close(r.stop)
		err = r.finish(ctx)
		r.telemetry.Shutdown()
	})
	return err
}

func (r *auditReceiver) finish(ctx context.Context) error {
	if r.abandon == nil {
		return nil
	}
	defer r.abandon()
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, shutdownTimeout)
		defer cancel()
	}
	finished := make(chan struct{})
	go func() { r.sources.Wait(); close(finished) }()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
	}
	r.abandon()
	closing := time.NewTimer(closeTimeout)
	defer closing.Stop()
	select {
	case <-finished:
		r.settings.Logger.Warn("The batch in flight did not finish in time; the broker delivers it again")
		return nil
	case <-closing.C:
		return errors.Join(ctx.Err(), fmt.Errorf("the pipeline did not give back the batch in flight within %s of its "+
			"cancellation", closeTimeout))
	}
}
