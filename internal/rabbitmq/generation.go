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

	end generationEnd
	// group has the goroutines of the generation.
	group sync.WaitGroup
}

// generationEnd tells how a generation went.
type generationEnd struct {
	reason error
	// consumed reports whether it came as far as to consume the queue.
	consumed bool
	// nextPrefetch is set when the generation ended while reading was paused.
	nextPrefetch int
}

// runGeneration returns when the generation ended. No goroutine of it is left then.
func (c *Client) runGeneration(ctx context.Context, host Host, prefetch int, serve func(context.Context, *Session) error) generationEnd {
	g := &generation{Client: c, host: host, prefetch: prefetch}
	g.end.reason = g.run(ctx, serve)
	return g.end
}

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
	pause := g.newReadPause(main.socket, cancel)
	defer pause.timer.Stop()
	var session *Session
	var end *consumerEnd
	if err := main.within(ctx, g.config.ConnectionTimeout, func() (err error) {
		session, end, err = g.newSession(main, known, pause.set)
		return err
	}); err != nil {
		return err
	}

	g.end.consumed = true
	g.observer.Connected(g.host.Address)
	g.observer.StateChanged(StateConsuming)
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
	if main.socket.paused() {
		messages, bytes := session.InFlight()
		g.end.nextPrefetch = fittingPrefetch(messages, bytes, g.config.MaxInFlightBytes)
	}
	session.end(err)
	return err
}

// newSession starts the consumer.
func (g *generation) newSession(main *connection, known asserted, pause func(bool)) (*Session, *consumerEnd, error) {
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
	session := &Session{
		channel:       channel,
		tracker:       newTracker(g.prefetch),
		prefetch:      g.prefetch,
		maxBytes:      g.config.MaxInFlightBytes,
		pause:         pause,
		deliveryLimit: main.version().defaultDeliveryLimit(),
		nearLimit:     g.observer.NearDeliveryLimit,
	}
	if known.asConfigured {
		session.deliveryLimit = deliveryLimit
	}
	session.deadLetters.Store(known.deadLetters)
	main.socket.inbound.DeliverTo(session.take)
	_, err = channel.Consume(queue, "", false, false, false, false, nil) // its channel stays empty
	switch {
	case hasCode(err, amqp.AccessRefused):
		return nil, nil, fmt.Errorf("consuming queue %q needs the read permission on it: %w", queue, err)
	case err != nil:
		return nil, nil, fmt.Errorf("consuming queue %q: %w", queue, err)
	}
	return session, end, nil
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
