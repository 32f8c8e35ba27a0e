package openstackauditreceiver

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver/internal/metadatatest"
)

// testMetrics: what each metric says after a little of everything.
func testMetrics(t *testing.T, node *rabbitmqtest.Node) {
	t.Helper()
	c := newCloud(t, node)
	refusals := 0
	next := &backend{decide: func(_ context.Context, ids []string) error {
		switch {
		case slices.Contains(ids, "bad"):
			return errPermanent
		case slices.Contains(ids, "later") && refusals < 2:
			refusals++
			return errTemporary
		}
		return nil
	}}
	r := start(t, c.config(func(_ *Config, section *RabbitMQConfig) {
		section.Exchanges = []string{c.exchange, "nova"}
		section.Queue.MaxLength = 50
		section.RebindInterval = time.Second
		section.MaxBatchSize = 1 // so that the histogram is known
	}), next)
	long := bytes.Replace(notification("later"), []byte(`"u1"`), []byte(`"`+strings.Repeat("u", 5000)+`"`), 1)
	c.publish(notification("good"), notification("bad"), long, []byte("{torn"), other("compute.instance.create.end"))
	next.eventuallyAccepts(t, "good", "later")
	require.Eventually(t, func() bool {
		settled := r.counts("deliveries", "settlement")
		return settled["acknowledged"] == 4 && settled["rejected"] == 1
	}, soon, often)
	require.Eventually(t, func() bool { return r.points("queue_messages") != nil }, soon, often)

	ignore := []metricdatatest.Option{metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars()}
	id := attribute.String("receiver", "openstack_audit")
	point := func(value int64, attributes ...attribute.KeyValue) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: value, Attributes: attribute.NewSet(append(attributes, id)...)}
	}
	points := func(points ...metricdata.DataPoint[int64]) []metricdata.DataPoint[int64] { return points }
	tt := r.telemetry

	metadatatest.AssertEqualOpenstackAuditReceiverConnected(t, tt, points(point(1)), ignore...)
	metadatatest.AssertEqualOpenstackAuditReceiverConnectionState(t, tt, points(
		point(0, attribute.String("state", "connecting")), point(1, attribute.String("state", "consuming")),
		point(0, attribute.String("state", "paused")), point(0, attribute.String("state", "waiting"))), ignore...)
	metadatatest.AssertEqualOpenstackAuditReceiverExchangesMissing(t, tt, points(point(1)), ignore...)
	metadatatest.AssertEqualOpenstackAuditReceiverHeldMessages(t, tt, points(point(0)), ignore...)
	metadatatest.AssertEqualOpenstackAuditReceiverInFlightMessages(t, tt, points(point(0)), ignore...)
	metadatatest.AssertEqualOpenstackAuditReceiverInFlightBytes(t, tt, points(point(0)), ignore...)
	metadatatest.AssertEqualOpenstackAuditReceiverQueueMessages(t, tt, points(point(0)), ignore...)
	metadatatest.AssertEqualOpenstackAuditReceiverQueueUtilization(t, tt,
		[]metricdata.DataPoint[float64]{{Value: 0, Attributes: attribute.NewSet(id)}}, ignore...)
	metadatatest.AssertEqualOpenstackAuditReceiverDeliveries(t, tt, points(
		point(4, attribute.String("settlement", "acknowledged")), point(1, attribute.String("settlement", "rejected"))), ignore...)
	metadatatest.AssertEqualOpenstackAuditReceiverNotifications(t, tt, points(
		point(3, attribute.String("kind", "cadf")), point(1, attribute.String("kind", "raw")), point(1,
			attribute.String("kind", "other"))), ignore...)
	metadatatest.AssertEqualOpenstackAuditReceiverNotificationsSkipped(t, tt, points(
		point(1, attribute.String("reason", "other_notification"))), ignore...)
	metadatatest.AssertEqualOpenstackAuditReceiverDecodeErrors(t, tt, points(point(1, attribute.String("reason", "json"))), ignore...)
	metadatatest.AssertEqualOpenstackAuditReceiverPipelineRetries(t, tt, points(point(2)), ignore...)
	metadatatest.AssertEqualOpenstackAuditReceiverRecordsTruncated(t, tt, points(point(1)), ignore...)
	assert.Greater(t, r.seconds("pushback_duration"), 0.0)

	last, ok := r.points("last_event_time").(metricdata.Gauge[float64])
	require.True(t, ok)
	require.Len(t, last.DataPoints, 1)
	assert.Equal(t, attribute.NewSet(id, attribute.String("exchange", c.exchange), attribute.String("service", "keystone")),
		last.DataPoints[0].Attributes)
	assert.InDelta(t, float64(time.Now().Unix()), last.DataPoints[0].Value, soon.Seconds())

	batches, ok := r.points("batch_size").(metricdata.Histogram[int64])
	require.True(t, ok)
	assert.Equal(t, uint64(4), batches.DataPoints[0].Count)
	assert.Equal(t, int64(4), batches.DataPoints[0].Sum)
	delays, ok := r.points("notification_delay").(metricdata.Histogram[float64])
	require.True(t, ok)
	assert.Equal(t, uint64(4), delays.DataPoints[0].Count)
	assert.Less(t, delays.DataPoints[0].Sum, soon.Seconds())

	accepted, err := tt.GetMetric("otelcol_receiver_accepted_log_records")
	require.NoError(t, err)
	refused, err := tt.GetMetric("otelcol_receiver_refused_log_records")
	require.NoError(t, err)
	transport := attribute.NewSet(id, attribute.String("transport", "amqp"))
	for metric, want := range map[*metricdata.Metrics]int64{&accepted: 3, &refused: 1} {
		metricdatatest.AssertEqual(t, metricdata.Metrics{
			Name: metric.Name, Description: metric.Description, Unit: metric.Unit,
			Data: metricdata.Sum[int64]{
				Temporality: metricdata.CumulativeTemporality, IsMonotonic: true,
				DataPoints: []metricdata.DataPoint[int64]{{Value: want, Attributes: transport}},
			},
		}, *metric, ignore...)
	}
}

// other is a notification that is no audit event.
func other(eventType string) []byte {
	return []byte(`{"message_id": "other", "publisher_id": "compute.c1", "event_type": "` + eventType +
		`", "priority": "INFO", "timestamp": "` + time.Now().UTC().Format("2006-01-02 15:04:05.000000") + `", "payload": {"instance_id": "i1"}}`)
}
