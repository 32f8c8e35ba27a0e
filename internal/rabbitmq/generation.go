package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// generation is one channel from dialling to closing, and what keeps its queue bound meanwhile.
type generation struct {
	*Client
	host     Host
	prefetch int

	// healthy is set once the queue is consumed.
	healthy bool
	// nextPrefetch is set when the generation ended with reading held.
	nextPrefetch int
	// group holds the goroutines of the generation.
	group sync.WaitGroup
}

// run returns why the generation ended. No goroutine of it is left then.
func (g *generation) run(ctx context.Context, serve func(context.Context, *Session) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer g.group.Wait()
	defer cancel(nil)

	side, err := g.dialSide(ctx)
	if err != nil {
		return err
	}
	var known asserted
	if err := side.within(ctx, g.config.ConnectionTimeout, func() (err error) {
		known, err = g.topology.declareQueues(side)
		return err
	}); err != nil {
		return err
	}
	known = g.upkeep(ctx, side, known)

	main, err := dial(ctx, &g.config, g.host, g.config.ConnectionName)
	if err != nil {
		return err
	}
	defer main.close(g.config.ConnectionTimeout)
	var session *Session
	var end *consumerEnd
	if err := main.within(ctx, g.config.ConnectionTimeout, func() (err error) {
		session, end, err = g.consume(main)
		return err
	}); err != nil {
		return err
	}
	session.deadLetters.Store(known.deadLetters)
	if known.asConfigured {
		session.deliveryLimit = deliveryLimit
	}
	hold := g.newHold(main.socket, cancel)
	defer hold.stop()
	session.hold = hold.set

	g.healthy = true
	g.observer.Connected(g.host.Address)
	g.group.Go(func() {
		if err := end.wait(ctx, session); err != nil {
			cancel(err)
		}
	})
	g.group.Go(func() { g.keepUp(ctx, side, session, known) })

	err = serve(ctx, session)
	if err == nil {
		err = errors.New("it is no longer served")
	}
	cancel(err) // without effect when the generation ended before
	err = context.Cause(ctx)
	if main.socket.held() {
		messages, bytes := session.InFlight()
		g.nextPrefetch = fittingPrefetch(messages, bytes, g.config.MaxInFlightBytes)
	}
	session.end(err)
	return err
}

// consume starts the consumer.
func (g *generation) consume(main *connection) (*Session, *consumerEnd, error) {
	queue := g.config.Queue.Name
	channel, err := main.Channel()
	if err != nil {
		return nil, nil, err
	}
	if err := channel.Qos(g.prefetch, 0, false); err != nil {
		return nil, nil, fmt.Errorf("setting the prefetch to %d: %w", g.prefetch, err)
	}
	end := &consumerEnd{
		queue: queue, main: main,
		closed: channel.NotifyClose(make(chan *amqp.Error, 1)), cancelled: channel.NotifyCancel(make(chan string, 1)),
	}
	deliveries, err := channel.Consume(queue, "", false, false, false, false, nil)
	switch {
	case hasCode(err, amqp.AccessRefused):
		return nil, nil, fmt.Errorf("consuming queue %q needs the read permission on it: %w", queue, err)
	case err != nil:
		return nil, nil, fmt.Errorf("consuming queue %q: %w", queue, err)
	}
	return &Session{
		channel:       channel,
		deliveries:    deliveries,
		tracker:       newTracker(g.prefetch),
		prefetch:      g.prefetch,
		maxBytes:      g.config.MaxInFlightBytes,
		deliveryLimit: main.version().defaultDeliveryLimit(),
		nearLimit:     g.observer.NearDeliveryLimit,
	}, end, nil
}

// dialSide opens the connection of the upkeep. It closes when ctx ends.
func (g *generation) dialSide(ctx context.Context) (*connection, error) {
	side, err := dial(ctx, &g.config, g.host, g.config.ConnectionName+" (topology)")
	if err != nil {
		return nil, err
	}
	closed := side.NotifyClose(make(chan *amqp.Error, 1))
	g.group.Go(func() {
		stop := context.AfterFunc(ctx, func() { side.close(g.config.ConnectionTimeout) })
		defer stop()
		for range closed {
			continue // until it is closed, by ctx or by itself
		}
	})
	return side, nil
}

// keepUp asserts the topology every RebindInterval until ctx ends, over a new connection when the former one is gone.
func (g *generation) keepUp(ctx context.Context, side *connection, session *Session, known asserted) {
	ticker := time.NewTicker(g.config.RebindInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if side.IsClosed() {
			renewed, err := g.dialSide(ctx)
			if err != nil {
				g.observer.TopologyAsserted(err)
				continue
			}
			side = renewed
		}
		known = g.upkeep(ctx, side, known)
		session.deadLetters.Store(known.deadLetters)
	}
}

// upkeep asserts the topology once, tells the observer, and returns what is known of the queue now.
func (g *generation) upkeep(ctx context.Context, side *connection, known asserted) asserted {
	err := side.within(ctx, g.config.ConnectionTimeout, func() error { return g.topology.upkeep(side, &known) })
	if ctx.Err() == nil {
		g.observer.TopologyAsserted(err)
	}
	return known
}
