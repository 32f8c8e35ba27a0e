package rabbitmq

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestBrokerVersion(t *testing.T) {
	for _, test := range []struct {
		product, version string
		want             brokerVersion
		limit            int64
	}{
		{"RabbitMQ", "3.10.8", brokerVersion{3, 10, 8}, 0},
		{"RabbitMQ", "4.0.5", brokerVersion{4, 0, 5}, 20},
		{"RabbitMQ", "4.4.0-beta.1+12", brokerVersion{4, 4, 0}, 20},
		{"RabbitMQ", "", brokerVersion{}, 0},
		{"LavinMQ", "2.5.0", brokerVersion{}, 0},
	} {
		v := brokerVersionOf(amqp.Table{"product": test.product, "version": test.version})
		require.Equal(t, test.want, v, test)
		require.Equal(t, test.limit, v.defaultDeliveryLimit(), test)
	}
	require.Equal(t, brokerVersion{}, brokerVersionOf(nil))
	require.True(t, brokerVersion{4, 3, 0}.isAtLeast(4, 3))
	require.True(t, brokerVersion{4, 10, 0}.isAtLeast(4, 3))
	require.False(t, brokerVersion{4, 2, 9}.isAtLeast(4, 3))
}
