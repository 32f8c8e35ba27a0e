package rabbitmq

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// Client consumes one queue, over as many connections as it takes: while it runs it has one to consume, and one over which the
// topology is asserted.
type Client struct {
	config   Config
	observer Observer
	topology topology
	maxPause time.Duration
	// consume runs one generation.
	consume func(ctx context.Context, host Host, prefetch int, serve func(context.Context, *Session) error) generationEnd
}

// NewClient makes a client that tells observer what happens. It opens nothing: Run does.
func NewClient(config Config, observer Observer) *Client {
	c := &Client{config: config.withDefaults(), observer: observer, maxPause: defaultMaxPause}
	c.consume = c.runGeneration
	c.topology.config, c.topology.observer = &c.config, observer
	c.topology.exchanges.state = map[string]bool{}
	return c
}

// Run connects, asserts the topology, consumes, and calls serve once per channel generation, never twice at a time. It
// reconnects forever with jittered backoff and returns only when ctx ends, with ctx's error. It must not run twice at a time.
//
// serve's context ends when the consumer is cancelled, its channel or connection closes, or ctx ends; context.Cause says
// why, in the broker's words. serve must call Session.Receive, and return soon after its context ends; while ctx ended but the channel
// did not, what is in flight can still be settled. An error from serve ends the generation and is reported as its reason.
//
// Connections are closed after serve returned, each within Config.ConnectionTimeout. No goroutine outlives Run.
func (c *Client) Run(ctx context.Context, serve func(ctx context.Context, s *Session) error) error {
	hosts := slices.Clone(c.config.Hosts)
	rand.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
	waits := c.config.Backoff
	waits.Reset()

	prefetch := c.config.Prefetch
	for attempt := 1; ; attempt++ {
		host := hosts[attempt%len(hosts)]
		c.observer.StateChanged(StateConnecting)
		end := c.consume(ctx, host, prefetch, serve)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.observer.Disconnected(host.Address, end.reason)
		prefetch = cmp.Or(end.nextPrefetch, c.config.Prefetch)
		if end.consumed {
			waits.Reset()
		} else if attempt%len(hosts) != 0 {
			continue // the next host at once: one wait for each round over all of them
		}
		c.observer.StateChanged(StateWaiting)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(waits.NextBackOff()):
		}
	}
}
