package openstackauditreceiver

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver/internal/metadata"
)

// BenchmarkListen publishes what a Keystone published (testdata/notifications), each connection one by one, each waiting for its
// confirmation: to this receiver, which confirms after the next component took the record, and to a RabbitMQ node in the same run, into a
// queue that is transient or durable and kept short. p50-µs and p99-µs are what the service waits.
func BenchmarkListen(b *testing.B) {
	node := rabbitmqtest.Start(b, rabbitmqtest.Options{})
	heap := make([]byte, 64<<20) // as a Collector has: the garbage of an empty one would be collected every few milliseconds
	defer runtime.KeepAlive(heap)
	config := createDefaultConfig().(*Config)
	section := config.Listen.GetOrInsertDefault()
	section.Endpoint, section.Auth.Username, section.Auth.Password = "127.0.0.1:0", "keystone", configopaque.String("secret")
	r, err := newAuditReceiver(receivertest.NewNopSettings(metadata.Type), config, consumertest.NewNop())
	require.NoError(b, err)
	l, err := r.newListener(b.Context(), componenttest.NewNopHost(), newPipeline(config, r.settings.BuildInfo, r.next, r.telemetry, r.report))
	require.NoError(b, err)
	address := l.socket.Addr().String()
	r.launch(l)
	defer func() { require.NoError(b, r.Shutdown(context.Background())) }()

	for _, connections := range []int{1, 8} {
		for _, target := range []struct {
			name, url string
			durable   bool
		}{
			{"listen", "amqp://keystone:secret@" + address + "/", false},
			{"rabbitmq-transient", node.URL(), false},
			{"rabbitmq-durable", node.URL(), true},
		} {
			b.Run(fmt.Sprintf("%s/%d", target.name, connections), func(b *testing.B) {
				benchmarkPublishing(b, target.url, target.name, target.durable, connections)
			})
		}
	}
}

func benchmarkPublishing(b *testing.B, url, queue string, durable bool, connections int) {
	b.Helper()
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
	bodies := fixtures.Bodies(b, fixtures.KeystoneMessagingV2)
	waits := make([]time.Duration, b.N)
	var publishing sync.WaitGroup
	b.ResetTimer()
	for i, channel := range channels {
		publishing.Go(func() {
			for n := i; n < b.N; n += connections {
				start := time.Now()
				confirmation, err := channel.PublishWithDeferredConfirm("", queue, false, false,
					amqp.Publishing{DeliveryMode: amqp.Persistent, Body: bodies[n%len(bodies)]})
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
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	b.ReportMetric(float64(waits[b.N/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(waits[b.N*99/100].Microseconds()), "p99-µs")
}
