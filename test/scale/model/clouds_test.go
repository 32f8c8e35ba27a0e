package model

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// measured are the CPU times of docs/sizing.md, and machines of four cores apart from each other.
func measured() Cloud {
	const collector, broker, backend = 116, 76, 9
	return Cloud{
		Records: 2_000_000, Apart: true, Cores: 4, Broker: broker, Collect: collector * CollectShare, Export: collector * (1 - CollectShare),
		Backend: backend, Batch: 400, Delay: 50 * time.Millisecond, Consumers: 10, SendingQueue: DefaultSendingQueue,
	}
}

// TestLargeClouds holds the examples of docs/sizing.md: what is enough for a rate, and that less is not.
func TestLargeClouds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name               string
		rate               float64
		queues, collectors int
		reached            float64
	}{
		{"10,000: one queue", 10_000, 1, 1, 10_000},
		{"more than one queue carries", 20_000, 1, 1, 13_200},
		{"more collectors do not help one queue", 100_000, 1, 10, 13_200},
		{"100,000: seven queues are not enough", 100_000, 7, 7, 92_000},
		{"100,000: ten queues", 100_000, 10, 10, 100_000},
		{"1,000,000: a hundred queues", 1_000_000, 100, 100, 1_000_000},
		{"1,000,000: half as many collectors", 1_000_000, 100, 50, 720_000},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := measured()
			c.Rate, c.Queues, c.Collectors = test.rate, test.queues, test.collectors
			o := Simulate(c)
			t.Logf("%.0f a second, at most %d at the brokers", o.Rate, o.MostAtBroker)
			require.InEpsilon(t, test.reached, o.Rate, 0.06)
		})
	}
}

// TestTwoHoursAway is the example of 500 events a second: how many wait, and how long until all are through.
func TestTwoHoursAway(t *testing.T) {
	t.Parallel()
	c := measured()
	c.Rate, c.Away, c.Collectors = 500, 2*time.Hour, 1
	for _, test := range []struct {
		after time.Duration
		done  bool
	}{{4 * time.Minute, false}, {6 * time.Minute, true}} {
		c.Records = int(500 * (c.Away + test.after).Seconds())
		o := Simulate(c)
		require.InDelta(t, 500*c.Away.Seconds()-DefaultSendingQueue, o.MostAtBroker, 2000)
		behind := o.Seconds - (c.Away + test.after).Seconds()
		require.Equal(t, test.done, behind < 2, "%.0f s behind", behind)
	}
}
