package collectortest

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// TransportURL returns what oslo.messaging calls a broker whose URL is amqp://….
func TransportURL(url string) string { return strings.Replace(url, "amqp://", "rabbit://", 1) }

// Publish publishes notifications as a service does whose exchange is given. Without any it declares the exchange, as the service's first
// notification does.
func Publish(t testing.TB, url, exchange string, bodies ...[]byte) {
	t.Helper()
	publisher, err := rabbitmqtest.NewPublisher(url, exchange, false)
	require.NoError(t, err)
	require.NoError(t, publisher.Publish(t.Context(), "notifications.info", bodies...))
	require.NoError(t, publisher.Close())
}

// Kafka starts a broker with the topics of oslo.messaging's Kafka driver, and returns its address and what sends it notifications. It is
// franz-go's, in this process: its protocol is Kafka's, its storage is not.
func Kafka(t testing.TB) (address string, produce func(ctx context.Context, bodies ...[]byte) error) {
	t.Helper()
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "notifications.info", "notifications.warn",
		"notifications.error", "notifications.critical", "notifications.audit"))
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	producer, err := kgo.NewClient(kgo.SeedBrokers(broker.ListenAddrs()...))
	require.NoError(t, err)
	t.Cleanup(producer.Close)
	return broker.ListenAddrs()[0], func(ctx context.Context, bodies ...[]byte) error {
		records := make([]*kgo.Record, len(bodies))
		for i, body := range bodies {
			records[i] = &kgo.Record{Topic: "notifications.info", Value: body}
		}
		return producer.ProduceSync(ctx, records...).FirstErr()
	}
}
