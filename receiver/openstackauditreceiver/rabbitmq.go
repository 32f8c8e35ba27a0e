package openstackauditreceiver

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/delivery"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/inbound"
)

// queueConsumer consumes one RabbitMQ queue into the pipeline.
type queueConsumer struct {
	client       *rabbitmq.Client
	pipeline     *pipeline
	observer     *rabbitmqObserver
	telemetry    *telemetry
	logger       *zap.Logger
	maxBatchSize int
	// batchesInFlight is how many batches are delivered at the same time.
	batchesInFlight int

	// busy is locked for reading from the decoding of a batch to its settlement.
	busy sync.RWMutex
}

func (r *auditReceiver) newQueueConsumer(ctx context.Context, host component.Host, pipeline *pipeline) (*queueConsumer, error) {
	section := r.config.RabbitMQ.Get()
	config, warnings, err := section.ClientConfig(ctx, r.settings.BuildInfo.Command+" "+r.settings.ID.String())
	if err != nil {
		return nil, err
	}
	for _, warning := range warnings {
		r.settings.Logger.Warn("rabbitmq::transport_url: " + warning)
	}
	if section.Queue.Mode == rabbitmq.QueueExisting && section.isServiceQueue() {
		r.settings.Logger.Warn("This queue is the services' own: its other consumers, such as Ceilometer, do not get the events that "+
			"this receiver consumes. "+
			"With rabbitmq::queue::mode: own this receiver gets a copy of each.", zap.String("queue", section.Queue.Name))
	}
	observer := newRabbitMQObserver(r.telemetry, host, section.Prefetch, section.namesExchanges())
	if err := observer.registerGauges(); err != nil {
		return nil, err
	}
	return &queueConsumer{
		client:       rabbitmq.NewClient(config, observer),
		pipeline:     pipeline,
		observer:     observer,
		telemetry:    r.telemetry,
		logger:       r.settings.Logger,
		maxBatchSize: section.MaxBatchSize, batchesInFlight: section.BatchesInFlight,
	}, nil
}

// arrival is one delivery, with the time of its receipt.
type arrival struct {
	tag uint64
	// size is the memory that the message may take.
	size    int
	message auditlog.Message
}

// run consumes until ctx ends, or stop is closed and the batches in flight, if any, are settled. It reconnects forever.
func (q *queueConsumer) run(ctx context.Context, stop <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var stopper sync.WaitGroup
	defer stopper.Wait()
	stopper.Go(func() {
		select {
		case <-ctx.Done():
		case <-stop:
			q.busy.Lock()
			defer q.busy.Unlock()
			cancel()
		}
	})
	defer cancel()
	err := q.client.Run(ctx, func(ctx context.Context, session *rabbitmq.Session) error {
		q.observer.serving(session)
		err := q.serve(ctx, stop, session)
		q.telemetry.settled(ctx, delivery.Counts{delivery.Abandoned: q.observer.served()})
		return err
	})
	if err != nil && ctx.Err() == nil {
		q.logger.Error("RabbitMQ client stopped unexpectedly", zap.Error(err))
	}
}

// serve consumes one channel generation: the connection's goroutine collects deliveries, others make batches of them, each one at a time.
func (q *queueConsumer) serve(ctx context.Context, stop <-chan struct{}, session *rabbitmq.Session) error {
	arrivals := delivery.NewQueue(q.batchesInFlight, func(a *arrival) int { return a.size })
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		var collected []arrival // its memory is used again
		session.Receive(ctx, func(deliveries []inbound.Delivery) {
			collected = q.collect(ctx, session, collected[:0], deliveries)
			arrivals.Put(collected...)
			clear(collected)
		})
		return nil
	})
	for range q.batchesInFlight {
		group.Go(func() error { return q.commit(ctx, stop, session, arrivals) })
	}
	return group.Wait()
}

// collect appends what was delivered, and takes it into account.
func (q *queueConsumer) collect(ctx context.Context, session *rabbitmq.Session, to []arrival, deliveries []inbound.Delivery) []arrival {
	now := time.Now()
	for i := range deliveries {
		d := &deliveries[i]
		size := oslo.MaxMemory(d.Body)
		session.Received(d, size, now)
		if d.Redelivered {
			q.telemetry.OpenstackAuditReceiverRedeliveries.Add(ctx, 1, q.telemetry.Common)
		}
		to = append(to, arrival{tag: d.Tag, size: size, message: auditlog.Message{
			Body:     d.Body,
			Received: now,
			Trace:    auditlog.ParseTraceParent(d.Headers.String("traceparent")),
			Exchange: d.Exchange,
		}})
	}
	return to
}

// commit delivers and settles batch after batch until the generation ends or stop is closed.
func (q *queueConsumer) commit(ctx context.Context, stop <-chan struct{}, session *rabbitmq.Session,
	arrivals *delivery.Queue[arrival]) error {
	for {
		batch, err := arrivals.Take(ctx, q.maxBatchSize)
		if err != nil {
			return nil //nolint:nilerr // the generation ended, and why is the client's to say
		}
		err = q.commitOne(ctx, stop, session, batch)
		arrivals.Done(batch)
		if err != nil || isClosed(stop) {
			return err
		}
	}
}

// commitOne settles its batch when those before it are settled: what one multiple acknowledgement can tell is not told message by message.
func (q *queueConsumer) commitOne(ctx context.Context, stop <-chan struct{}, session *rabbitmq.Session,
	batch *delivery.Batch[arrival]) error {
	q.busy.RLock()
	defer q.busy.RUnlock()
	if isClosed(stop) {
		return nil // run ends it now
	}
	items := batch.Items
	settlements := q.pipeline.process(batch.Turn.Context(ctx), stop, len(items),
		func(i int) auditlog.Message { return items[i].message },
		func(id string) delivery.Settlement { return q.reject(session, id) })
	batch.Turn.Await(ctx, nil)
	var counts delivery.Counts
	acknowledged, rejected := make([]uint64, 0, len(items)), []uint64(nil)
	for i, settlement := range settlements {
		switch settlement {
		case delivery.Acknowledged, delivery.Dropped:
			acknowledged = append(acknowledged, items[i].tag)
		case delivery.Rejected:
			rejected = append(rejected, items[i].tag)
		case delivery.Held:
		default:
			continue // abandoned: left alone, and counted when the generation ends
		}
		counts[settlement]++
	}
	switch err := session.Settle(acknowledged, rejected); {
	case errors.Is(err, rabbitmq.ErrSessionEnded):
		return nil // ctx ends too, with the broker's reason
	case err != nil:
		return err
	}
	q.telemetry.settled(ctx, counts)
	return nil
}

// reject sends a message to the dead-letter queue. Where there is none, rejecting it would delete it, so it is held: left unsettled while
// others pass it.
func (q *queueConsumer) reject(session *rabbitmq.Session, id string) delivery.Settlement {
	if !session.DeadLetters() {
		q.observer.held(id)
		return delivery.Held
	}
	q.logger.Warn("A message is rejected permanently and goes to the dead-letter queue", zap.String("id", id))
	return delivery.Rejected
}

func isClosed(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}
