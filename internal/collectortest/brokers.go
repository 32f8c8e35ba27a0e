package collectortest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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
