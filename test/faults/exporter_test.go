package faults

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// TestBrokerTellsWhatItDroveOut has the queue overflow, and looks at RabbitMQ's own exporter for what deploy/prometheus/rabbitmq.rules.yml
// stands on: at each of the addresses that a Prometheus may scrape.
func TestBrokerTellsWhatItDroveOut(t *testing.T) {
	address := collectortest.FreeAddress(t)
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	own := rabbitmqtest.Start(t, rabbitmqtest.Options{
		Config: "prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = " + port + "\ncollect_statistics_interval = 1000",
	})
	_, err = own.Tool(t.Context(), "rabbitmq-plugins", "enable", "rabbitmq_prometheus")
	require.NoError(t, err)
	tr := newTrial(t, own, 1002)
	tr.declareExchange()
	c := tr.start("receivers: {openstack_audit: {rabbitmq: {queue: {name: otelcol-openstack-audit-test, max_length: 3}}}}")
	c.waitLog("Consuming")
	c.Stop(t)
	for i := range 5 {
		tr.publishOne(notification(fmt.Sprint("overflow-", i)))
	}
	tr.eventually(func() bool { messages, _ := tr.ready("otelcol-openstack-audit-test.rejected"); return messages == 2 },
		"nothing was driven out")

	rules, err := os.ReadFile(filepath.Join("..", "..", "deploy", "prometheus", "rabbitmq.rules.yml"))
	require.NoError(t, err)
	metrics := regexp.MustCompile(`rabbitmq_\w+_ready`).FindAllString(string(rules), -1)
	assert.Subset(t, metrics, []string{"rabbitmq_detailed_queue_messages_ready", "rabbitmq_queue_messages_ready"})
	for _, test := range []struct{ path, metric string }{
		{"/metrics/detailed?family=queue_coarse_metrics", "rabbitmq_detailed_queue_messages_ready"},
		{"/metrics/per-object", "rabbitmq_queue_messages_ready"},
	} {
		sample := regexp.MustCompile(`(?m)^` + test.metric + `\{[^}]*queue="otelcol-openstack-audit-test\.rejected"[^}]*\} 2$`)
		tr.eventually(func() bool {
			text, _ := collectortest.Get(t.Context(), "http://"+address+test.path)
			return sample.MatchString(text)
		}, test.metric)
	}

	// The global counters: two were driven out of a quorum queue; then one is published that no queue takes.
	connection, err := amqp.Dial(own.URL())
	require.NoError(t, err)
	channel, err := connection.Channel()
	require.NoError(t, err)
	require.NoError(t, channel.PublishWithContext(t.Context(), "amq.topic", "notifications.info", false, false,
		amqp.Publishing{Body: []byte("{}")}))
	require.NoError(t, connection.Close())
	for _, want := range []string{
		`rabbitmq_global_messages_dead_lettered_maxlen_total{[^}]*queue_type="rabbit_quorum_queue"[^}]*} 2`,
		`rabbitmq_global_messages_unroutable_dropped_total{[^}]*} 1`,
	} {
		metric, _, _ := strings.Cut(want, "{")
		assert.Contains(t, string(rules), metric)
		sample := regexp.MustCompile("(?m)^" + want + "$")
		for _, path := range []string{"/metrics", "/metrics/per-object"} {
			tr.eventually(func() bool {
				text, _ := collectortest.Get(t.Context(), "http://"+address+path)
				return sample.MatchString(text)
			}, path+" "+metric)
		}
	}
}
