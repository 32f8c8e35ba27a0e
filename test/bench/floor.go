package main

import (
	"context"

	amqp "github.com/rabbitmq/amqp091-go"
)

// The floor's settings: the fastest that amqp091-go can be used with manual acknowledgements.
const (
	floorPrefetch = 1000
	floorAck      = 100
)

// runFloor consumes and acknowledges, and looks at nothing.
func runFloor(ctx context.Context, j *job) (result, error) {
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
