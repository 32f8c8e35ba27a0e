package model

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// measured are the CPU times of one collector with config/durable.yaml on one queue, from docs/sizing.md, and machines of four cores apart from
// each other, of which none but the queue's own process is the limit.
func measured() Cloud {
	return Cloud{
		Records: 2_000_000, Apart: true, Cores: 4, Broker: 40, Collect: 60 * CollectShare, Export: 60 * (1 - CollectShare), Backend: 15,
		Batch: 400, Delay: 50 * time.Millisecond, Consumers: 10, SendingQueue: DefaultSendingQueue,
	}
}

// TestLargeClouds holds the table of docs/sizing.md: what is enough for a rate, and that less is not.
func TestLargeClouds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name               string
		rate               float64
		queues, collectors int
		enough             bool
	}{
		{"10,000: one queue", 10_000, 1, 1, true},
		{"25,000: one queue and one collector are at their end", 25_000, 1, 1, false},
		{"100,000: four queues are not enough", 100_000, 4, 4, false},
		{"100,000: five queues", 100_000, 5, 5, true},
		{"100,000: one queue and many collectors", 100_000, 1, 10, false},
		{"1,000,000: fifty queues", 1_000_000, 50, 50, true},
		{"1,000,000: fifty queues, half as many collectors", 1_000_000, 50, 25, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := measured()
			c.Rate, c.Queues, c.Collectors = test.rate, test.queues, test.collectors
			o := Simulate(c)
			t.Logf("%.0f a second, at most %d at the brokers", o.Rate, o.MostAtBroker)
			if test.enough {
				require.InEpsilon(t, test.rate, o.Rate, 0.02)
			} else {
				require.Less(t, o.Rate, 0.98*test.rate)
			}
		})
	}
}
