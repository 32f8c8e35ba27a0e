package inbound

import (
	"fmt"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// basicDeliver is the class and the method of a delivery.
const basicDeliver = 60<<16 | 60

// incoming puts a delivery together from its frames: method, content header and body. Deliveries are of one channel, for a connection has
// one consumer.
type incoming struct {
	Delivery
	channel uint16
	// expected is the type of the frame that comes next; 0 between deliveries.
	expected byte
	// size is that of the body.
	size int64
}

// takes reports whether a frame is a part of a delivery. A method, such as channel.close, ends one that is not whole.
func (i *incoming) takes(frames *amqpframe.Reader, head amqpframe.Head) (bool, error) {
	if head.Type != amqpframe.MethodFrame {
		return i.expected != 0 && head.Channel == i.channel, nil
	}
	if head.Channel == 0 {
		return false, nil
	}
	method, err := frames.PeekMethod()
	if method != basicDeliver && head.Channel == i.channel {
		i.expected = 0
	}
	return method == basicDeliver, err
}

// read reads a frame that belongs to a delivery, and reports whether that is whole now.
func (i *incoming) read(frames *amqpframe.Reader) (whole bool, err error) {
	head, err := frames.Next()
	switch {
	case err != nil:
	case head.Type == amqpframe.MethodFrame && i.expected == 0:
		err = i.readMethod(frames, head)
	case head.Type != i.expected:
		err = amqpframe.Error(fmt.Sprintf("a frame of type %d within a delivery, which goes on with type %d", head.Type, i.expected))
	case head.Type == amqpframe.HeaderFrame:
		err = i.readHeader(frames, head)
	default:
		i.Body, err = frames.AppendBody(i.Body, head, i.size)
	}
	if err != nil {
		return false, fmt.Errorf("what the broker delivers cannot be read: %w", err)
	}
	if i.expected != amqpframe.BodyFrame || int64(len(i.Body)) < i.size {
		return false, nil
	}
	i.expected = 0
	return true, nil
}

func (i *incoming) readMethod(frames *amqpframe.Reader, head amqpframe.Head) error {
	payload, err := frames.Payload(head)
	if err != nil {
		return err
	}
	arguments := amqpframe.NewArguments(payload)
	arguments.Long()       // the method
	arguments.ShortBytes() // the consumer
	i.Tag, i.Redelivered = arguments.LongLong(), arguments.Octet()&1 != 0
	if exchange := arguments.ShortBytes(); string(exchange) != i.Exchange { // it is mostly the same
		i.Exchange = string(exchange)
	}
	i.channel, i.expected = head.Channel, amqpframe.HeaderFrame
	return arguments.Err()
}

func (i *incoming) readHeader(frames *amqpframe.Reader, head amqpframe.Head) error {
	payload, err := frames.Payload(head)
	if err != nil {
		return err
	}
	content, err := amqpframe.ReadContent(payload)
	if err != nil {
		return err
	}
	if content.Size > amqpframe.MaxBody {
		return amqpframe.Error(fmt.Sprintf("a message of %d bytes is larger than any broker takes", content.Size))
	}
	i.Headers, err = amqpframe.ReadTable(content.Headers)
	if err != nil {
		i.Headers = nil // the event is in the body
	}
	i.size, i.Body, i.expected = int64(content.Size), nil, amqpframe.BodyFrame
	return nil
}
