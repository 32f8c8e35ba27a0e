package inbound

import "github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"

// Delivery is a message as the broker delivered it.
type Delivery struct {
	// Tag is the delivery tag, with which the message is settled.
	Tag         uint64
	Redelivered bool
	Exchange    string
	// Headers are the message's headers; nil when there are none, or when they cannot be read.
	Headers amqpframe.Table
	// Body has memory of its own.
	Body []byte
}

// DeliveryCount is what the broker counts against the queue's delivery limit (x-delivery-count of a quorum queue): how often the message
// came back to its queue. A connection that ends counts with every version; basic.nack and the acknowledgement timeout do so before
// RabbitMQ 4.3, which counts those apart (x-acquired-count). Elsewhere it is 1 for a redelivered message, else 0.
func (d *Delivery) DeliveryCount() int64 {
	if count, counted := d.Headers["x-delivery-count"].(int64); counted {
		return count
	}
	_, countedApart := d.Headers["x-acquired-count"]
	if d.Redelivered && !countedApart {
		return 1
	}
	return 0
}
