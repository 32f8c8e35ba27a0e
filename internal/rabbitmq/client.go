package rabbitmq

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// Client consumes one queue, over as many connections as it takes: while it runs it has one to consume, and one over which the
// topology is asserted.
type Client struct {
	config    Config
	observer  Observer
	topology  topology
	holdLimit time.Duration
}

// NewClient makes a client that tells observer what happens; nil means nobody. It opens nothing: Run does.
func NewClient(config Config, observer Observer) *Client {
	if observer == nil {
		observer = NopObserver{}
	}
	c := &Client{config: config.withDefaults(), observer: observer, holdLimit: defaultHoldLimit}
	c.topology.config, c.topology.observer = &c.config, observer
	c.topology.exchanges.state = map[string]bool{}
	return c
}

// Run connects, asserts the topology, consumes, and calls serve once per channel generation, never twice at a time. It
// reconnects for ever with jittered backoff and returns only when ctx ends, with ctx's error. It must not run twice at a time.
//
// serve's context ends when the consumer is cancelled, its channel or connection closes, or ctx ends; context.Cause says
// why, in the broker's words. serve must drain Session.Deliveries quickly (calling Session.Received for each delivery), and
// return soon after its context ends; while ctx ended but the channel did not, what is in flight can still be settled. An error from
// serve ends the generation and is reported as its reason.
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
		g := &generation{Client: c, host: host, prefetch: prefetch}
		err := g.run(ctx, serve)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.observer.Disconnected(host.Address, err)
		prefetch = c.config.Prefetch
		if g.nextPrefetch > 0 {
			prefetch = g.nextPrefetch
		}
		if g.healthy {
			waits.Reset()
		} else if attempt%len(hosts) != 0 {
			continue // the next host at once: one wait for each round over all of them
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(waits.NextBackOff()):
		}
	}
}
