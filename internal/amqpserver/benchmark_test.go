package amqpserver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// BenchmarkPublish measures confirmed publishes, one by one per connection, to this server, whose handler accepts in batches
// on a goroutine of its own, and to a RabbitMQ node in the same run: into a transient and into a durable queue, each kept
// short. p99-ns is what a publisher waits for its confirmation.
func BenchmarkPublish(b *testing.B) {
	batches := &batcher{nudge: make(chan struct{}, 1), forget: true}
	server := start(b, options{handler: batches})
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	go batches.run(ctx)
	node := rabbitmqtest.Start(b, rabbitmqtest.Options{})
	for _, connections := range []int{1, 8} {
		for _, target := range []struct {
			name, url string
			durable   bool
		}{
			{"listen", "amqp://keystone:secret@" + server.address + "/", false},
			{"rabbitmq transient", node.URL(), false},
			{"rabbitmq durable", node.URL(), true},
		} {
			b.Run(fmt.Sprintf("%s/%d connections", target.name, connections), func(b *testing.B) {
				benchmarkPublish(b, target.url, target.durable, connections)
			})
		}
	}
}

func benchmarkPublish(b *testing.B, url string, durable bool, connections int) {
	queue := "transient"
	if durable {
		queue = "durable"
	}
	channels := make([]*amqp.Channel, connections)
	for i := range channels {
		connection, err := amqp.Dial(url)
		require.NoError(b, err)
		defer connection.Close()
		channels[i], err = connection.Channel()
		require.NoError(b, err)
		_, err = channels[i].QueueDeclare(queue, durable, false, false, false, amqp.Table{"x-max-length": 1000})
		require.NoError(b, err)
		require.NoError(b, channels[i].Confirm(false))
	}
	body := []byte(strings.Repeat("x", 849)) // a user's creation, as messagingv2 sends it
	waits := make([]time.Duration, b.N)
	var publishing sync.WaitGroup
	b.ResetTimer()
	for i, channel := range channels {
		publishing.Go(func() {
			for n := i; n < b.N; n += connections {
				start := time.Now()
				confirmation, err := channel.PublishWithDeferredConfirm("", queue, false, false,
					amqp.Publishing{DeliveryMode: amqp.Persistent, Body: body})
				if err != nil || !confirmation.Wait() {
					b.Error("not confirmed", err)
					return
				}
				waits[n] = time.Since(start)
			}
		})
	}
	publishing.Wait()
	b.StopTimer()
	slices.Sort(waits)
	b.ReportMetric(float64(waits[b.N*99/100].Nanoseconds()), "p99-ns")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}
