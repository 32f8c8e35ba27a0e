package openstackauditreceiver

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpserver"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/delivery"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

const (
	// listenBatchSize bounds the records of one batch.
	listenBatchSize = 500
	// examplePassword stands in the configurations that are shipped, so that they are valid as they are.
	examplePassword = "change-me"
	// triesPerMessage is how often at least a message is offered to the pipeline while its service waits, but for jitter.
	triesPerMessage = 10
	// drainTimeout is how long what services wait for may take at shutdown; less than shutdownTimeout.
	drainTimeout = 5 * time.Second
)

// listener takes what services publish into the pipeline.
type listener struct {
	server    *amqpserver.Server
	socket    net.Listener
	pipeline  *pipeline
	telemetry *telemetry
	arrivals  *delivery.Queue[*amqpserver.Message]
}

// newListener opens the socket: a port that is taken is a local mistake.
func (r *auditReceiver) newListener(ctx context.Context, host component.Host, pipeline *pipeline) (*listener, error) {
	section := r.config.Listen.Get()
	if section.Auth.Password == examplePassword {
		return nil, fmt.Errorf("listen::auth::password: is %q, the example's, with which anyone on this host could forge audit "+
			"events: choose another", examplePassword)
	}
	l := &listener{
		pipeline: pipeline.retryingEvery(section.MaxHold / triesPerMessage), telemetry: r.telemetry, arrivals: delivery.NewQueue(1, messageSize),
	}
	l.server = amqpserver.New(section.serverConfig(r.settings.BuildInfo), l, newListenObserver(r.telemetry))
	var secure *tls.Config
	var err error
	if section.TLS.HasValue() {
		if secure, err = section.TLS.Get().LoadTLSConfig(ctx); err != nil {
			return nil, fmt.Errorf("listen::tls: %w", err)
		}
	}
	if err := r.telemetry.observeListener(l.server); err != nil {
		return nil, err
	}
	if l.socket, err = (&net.ListenConfig{}).Listen(ctx, "tcp", section.Endpoint); err != nil {
		return nil, fmt.Errorf("listen::endpoint: %w", err)
	}
	r.settings.Logger.Info("Listening for services that publish", zap.Stringer("address", l.socket.Addr()))
	if secure != nil {
		l.socket = tls.NewListener(l.socket, secure)
	}
	if !r.config.RabbitMQ.HasValue() { // else the broker's state is the receiver's
		componentstatus.ReportStatus(host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
	return l, nil
}

// messageSize is the memory that a message takes; nil is the last one.
func messageSize(message **amqpserver.Message) int {
	if *message == nil {
		return 0
	}
	return oslo.MaxMemory((*message).Body)
}

// Handle implements amqpserver.Handler.
func (l *listener) Handle(message *amqpserver.Message) { l.arrivals.Put(message) }

// run serves until ctx ends, or until stop is closed and what was published before is taken and confirmed, for which the pipeline
// has drainTimeout. What is not confirmed then, the services send again.
func (l *listener) run(ctx context.Context, stop <-chan struct{}) {
	giveUp := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		if err := l.server.Serve(l.socket); err != nil {
			l.telemetry.logger.Error("No connection can be accepted any more", zap.Error(err))
		}
	})
	work.Go(func() { l.commit(ctx, giveUp) })

	select {
	case <-ctx.Done():
	case <-stop:
	}
	drain, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	defer context.AfterFunc(drain, func() { close(giveUp) })()
	if err := l.server.Shutdown(drain); err != nil {
		l.telemetry.logger.Warn("Not all messages were taken in time; the services send them again")
	}
	l.arrivals.Put(nil) // the last
	work.Wait()
}

// commit delivers and confirms batch after batch, up to the last. There is one batch at a time, so that many services which publish
// one by one make few calls of the pipeline.
func (l *listener) commit(ctx context.Context, giveUp <-chan struct{}) {
	for {
		batch, err := l.arrivals.Take(ctx, listenBatchSize)
		if err != nil {
			return // abandoned
		}
		messages := batch.Items
		last := messages[len(messages)-1] == nil
		if last {
			messages = messages[:len(messages)-1]
		}
		l.commitOne(ctx, giveUp, messages)
		l.arrivals.Done(batch)
		if last {
			return
		}
	}
}

func (l *listener) commitOne(ctx context.Context, giveUp <-chan struct{}, batch []*amqpserver.Message) {
	if len(batch) == 0 {
		return
	}
	message := func(i int) auditlog.Message {
		m := batch[i]
		return auditlog.Message{
			Body:      m.Body,
			Size:      m.Size,
			Received:  m.Received,
			Trace:     auditlog.ParseTraceParent(m.Headers.String("traceparent")),
			Exchange:  m.Exchange,
			Publisher: publisher(m.Client),
		}
	}
	var counts delivery.Counts
	for i, settlement := range l.pipeline.process(ctx, giveUp, len(batch), message, l.reject) {
		counts[settlement]++
		if settlement != delivery.Abandoned {
			batch[i].Accept()
			l.telemetry.OpenstackAuditReceiverListenConfirmationDelay.Record(ctx, time.Since(batch[i].Received).Seconds(), l.telemetry.Common)
		}
	}
	l.telemetry.settled(ctx, counts)
}

// reject drops a message. There is no dead-letter queue, and to refuse it would make the service wait, and try, forever.
func (l *listener) reject(id string) delivery.Settlement {
	l.telemetry.logger.Error("A message is rejected permanently. It is confirmed and dropped: "+
		"what is published straight to the collector has no dead-letter queue.", zap.String("id", id))
	return delivery.Dropped
}

// publisher is what of a client is the same when it sends a message again from another connection.
func publisher(client *amqpserver.Client) *audit.Publisher {
	var p audit.Publisher
	if address := client.Address.Addr(); address.IsValid() && !address.IsLoopback() {
		p.Address = address.String()
	}
	if client.Certificate != nil {
		p.CertificateSubject = client.Certificate.Subject.String()
	}
	if p == (audit.Publisher{}) {
		return nil
	}
	return &p
}
