package model

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSimulateWhereOnePartIsTheLimit: then the rate is known without a simulation.
func TestSimulateWhereOnePartIsTheLimit(t *testing.T) {
	t.Parallel()
	plain := Cloud{
		Records: 400_000, Window: 30_000, Collectors: 1, Cores: 2, Publish: 10, Broker: 20, Collect: 20, Export: 20, Backend: 10,
		Batch: 500, Consumers: 10, SendingQueue: DefaultSendingQueue,
	}
	for _, test := range []struct {
		name   string
		change func(*Cloud)
		rate   float64
	}{
		{"one machine with enough collectors for its cores", func(c *Cloud) { c.Collectors = 4 }, 2e6 / 80},
		{"a fraction of a core", func(c *Cloud) { c.Cores = 0.5 }, 0.5e6 / 80},
		{"a slow backend", func(c *Cloud) { c.Delay = 2 * time.Second }, 10 * 500 / 2.02},
		{"four collectors and a slow backend", func(c *Cloud) { c.Delay, c.Collectors = 2*time.Second, 4 }, 4 * 10 * 500 / 2.02},
		{"a window", func(c *Cloud) { c.Delay, c.Window = 2*time.Second, 3000 }, 3000 / 2.1},
		{"one queue", func(c *Cloud) { c.Apart, c.Cores, c.Collectors, c.Rate = true, 4, 8, 1e5 }, 1e6 / 20},
		{"four queues", func(c *Cloud) { c.Apart, c.Cores, c.Collectors, c.Queues, c.Rate = true, 4, 8, 4, 1e6 }, 4e6 / 20},
		{"one collector", func(c *Cloud) { c.Apart, c.Cores, c.Broker, c.Rate = true, 4, 1, 1e5 }, 1e6 / 20},
		{"more queues than collectors", func(c *Cloud) {
			c.Apart, c.Cores, c.Broker, c.Rate, c.Queues, c.Collectors = true, 4, 1, 1e6, 8, 2
		}, 2e6 / 20},
		{"what is published", func(c *Cloud) { c.Apart, c.Cores, c.Rate = true, 4, 1000 }, 1000},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := plain
			test.change(&c)
			require.InEpsilon(t, test.rate, Simulate(c).Rate, 0.08)
		})
	}
}

// TestSimulateBackendAway: what comes meanwhile waits at the broker, but for what the collector's queue has room for.
func TestSimulateBackendAway(t *testing.T) {
	t.Parallel()
	c := Cloud{
		Records: 3_700_000, Rate: 500, Collectors: 1, Apart: true, Cores: 2, Broker: 20, Collect: 25, Export: 20, Backend: 10,
		Batch: 500, Consumers: 10, SendingQueue: DefaultSendingQueue, Away: 2 * time.Hour,
	}
	o := Simulate(c)
	require.InDelta(t, 500*7200-DefaultSendingQueue, o.MostAtBroker, 2000)
	require.InDelta(t, 3_700_000/500, o.Seconds, 5, "it has caught up before the last event")
}
