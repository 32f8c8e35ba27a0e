package main

import (
	"context"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// The floor's settings: the fastest that amqp091-go can be used with manual acknowledgements.
const (
	floorPrefetch = 1000
	floorAck      = 100
)

// runFloor consumes and acknowledges, and looks at nothing.
func runFloor(ctx context.Context, j *job) (result, error) {
	return consume(ctx, j, func([]byte) error { return nil })
}

// boundAttributes is how many attributes a record of the captures has, and boundBatch how many records come together.
const (
	boundAttributes = 20
	boundBatch      = 64
)

// runBound is the floor with what no receiver can leave out besides: to decode the message, and to write as many attributes by pdata.
func runBound(ctx context.Context, j *job) (result, error) {
	keys := make([]string, boundAttributes)
	for i := range keys {
		keys[i] = fmt.Sprintf("openstack.attribute.%d", i)
	}
	var records plog.LogRecordSlice
	count := 0
	return consume(ctx, j, func(body []byte) error {
		if count%boundBatch == 0 {
			records = plog.NewLogs().ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
			records.EnsureCapacity(boundBatch)
		}
		count++
		var notification oslo.Notification
		if err := oslo.DecodeInto(&notification, body); err != nil {
			return err
		}
		record := records.AppendEmpty()
		record.Body().SetStr(notification.EventType)
		record.Attributes().EnsureCapacity(boundAttributes)
		for _, key := range keys {
			record.Attributes().PutStr(key, notification.MessageID)
		}
		return nil
	})
}

// consume calls take for each message.
func consume(ctx context.Context, j *job, take func(body []byte) error) (result, error) {
	connection, err := amqp.Dial(j.URL)
	if err != nil {
		return result{}, err
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		return result{}, err
	}
	if err := channel.Qos(floorPrefetch, 0, false); err != nil {
		return result{}, err
	}
	deliveries, err := channel.ConsumeWithContext(ctx, j.Queue, "", false, false, false, false, nil)
	if err != nil {
		return result{}, err
	}
	m := newMeter(j.Messages)
	for d := range deliveries {
		if err := take(d.Body); err != nil {
			return result{}, err
		}
		m.add(1)
		if m.count%floorAck == 0 || m.count == j.Messages {
			if err := channel.Ack(d.DeliveryTag, true); err != nil {
				return result{}, err
			}
		}
		if m.count == j.Messages {
			break
		}
	}
	return m.wait(ctx)
}
