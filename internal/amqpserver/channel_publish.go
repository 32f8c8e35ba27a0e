package amqpserver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// incoming is a message on its way in.
type incoming struct {
	exchange, routingKey string
	headers              amqpframe.Table
	body                 []byte
	// size is that of the body; known once the content header has come.
	size      int64
	hasHeader bool
	received  int64
	// ignored is set when the message is to be acknowledged and forgotten.
	ignored bool
	// cost is the room in bytes that the message needs, which it has once it is reserved.
	cost     int64
	reserved bool
}

// publish handles basic.publish. mandatory has no meaning here: whatever is published has a place to go to.
func (ch *channel) publish(a *amqpframe.Arguments) *Refusal {
	a.Short()
	exchange, routingKey := a.ShortBytes(), a.ShortBytes()
	const immediate = 2
	if a.Octet()&immediate != 0 {
		return refusal(codeNotImplemented, "immediate=true")
	}
	if string(exchange) != ch.exchange {
		ch.exchange = string(exchange)
	}
	if string(routingKey) != ch.routingKey {
		ch.routingKey = string(routingKey)
	}
	c := ch.connection
	c.out.mu.Lock()
	c.out.awaitRoom()
	c.out.mu.Unlock()
	c.limit = time.Now().Add(c.server.timeouts.message)
	ch.incoming = &incoming{ // void where the arguments were cut short: the caller closes the connection
		exchange: ch.exchange, routingKey: ch.routingKey, ignored: !c.server.config.wants(ch.exchange, ch.routingKey),
	}
	return nil
}

// wants reports whether messages of the exchange and topic are handled.
func (c *Config) wants(exchange, routingKey string) bool {
	topic := routingKey
	if dot := strings.LastIndexByte(routingKey, '.'); dot >= 0 {
		topic = routingKey[:dot]
	}
	return (len(c.Exchanges) == 0 || slices.Contains(c.Exchanges, exchange)) &&
		(len(c.Topics) == 0 || slices.Contains(c.Topics, topic))
}

// header handles the content header: the size and the properties.
func (ch *channel) header(payload []byte) error {
	m := ch.incoming
	if m == nil || m.hasHeader {
		return refusal(codeUnexpectedFrame, "a content header that does not follow basic.publish")
	}
	content, err := amqpframe.ReadContent(payload)
	if unexpected, ok := errors.AsType[amqpframe.Error](err); ok {
		return refusal(codeUnexpectedFrame, unexpected.Error())
	}
	size, headers := content.Size, content.Headers
	if size > amqpframe.MaxBody {
		tooLarge := refusal(codePreconditionFailed, fmt.Sprintf("a message of %d bytes is larger than any broker takes", size))
		ch.fail(withMethod(tooLarge, basicPublish))
		return nil
	}
	if len(headers) > maxHeaders {
		headers = nil // the event is in the body
	}
	if err == nil {
		m.headers, err = amqpframe.ReadTable(headers)
	}
	if err != nil {
		return refusal(codeSyntaxError, err.Error())
	}
	c := ch.connection
	c.limit = time.Now().Add(c.server.timeouts.message + time.Duration(size>>20)*time.Second)
	m.size, m.hasHeader = int64(size), true
	kept := min(m.size, c.server.config.MaxMessageBytes)
	m.cost = cost(int(kept), len(headers))
	if !m.ignored {
		if err := ch.reserve(m); err != nil {
			return err
		}
		if kept < m.size && m.reserved {
			return ch.condense(m)
		}
	}
	if m.size == 0 {
		ch.complete()
	}
	return nil
}

// reserve acquires room for the message, or waits for it until the confirm timeout.
func (ch *channel) reserve(m *incoming) error {
	c := ch.connection
	if c.server.room.TryAcquire(m.cost) {
		c.server.inFlight.Add(m.cost)
		m.reserved = true
		return nil
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(c.ctx, c.server.config.ConfirmTimeout)
	defer cancel()
	switch err := c.server.room.Acquire(ctx, m.cost); {
	case err == nil:
		c.server.inFlight.Add(m.cost)
		m.reserved = true
		c.limit = c.limit.Add(time.Since(began)) // the client could not know that we waited
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return c.confirmTimeout()
	default:
		return nil // the connection is closing, and what comes is void
	}
}

// body handles a part of a message's body.
func (ch *channel) body(f amqpframe.Head) error {
	m, frames := ch.incoming, ch.connection.frames
	if m == nil || !m.hasHeader {
		return refusal(codeUnexpectedFrame, "a content body that does not follow its header")
	}
	m.received += int64(f.Size)
	if m.received > m.size {
		return refusal(codeFrameError, "a content body is longer than its header says")
	}
	var err error
	if m.ignored {
		err = frames.Discard(f)
	} else {
		m.body, err = frames.AppendBody(m.body, f, m.size)
	}
	if err == nil && m.received == m.size {
		ch.complete()
	}
	return err
}

// drop forgets a message that did not come to its end.
func (ch *channel) drop() {
	if m := ch.incoming; m != nil {
		if m.reserved {
			ch.connection.server.release(m.cost)
		}
		ch.incoming = nil
		ch.connection.limit = time.Time{}
	}
}

// complete hands over the message.
func (ch *channel) complete() {
	m, c := ch.incoming, ch.connection
	ch.incoming, c.limit = nil, time.Time{}
	if m.ignored {
		c.server.observer.Ignored(c.client)
		ch.ignore()
		return
	}
	if !m.reserved {
		return // closing
	}
	message := &Message{
		Client: c.client, Exchange: m.exchange, RoutingKey: m.routingKey, Headers: m.headers, Body: m.body, Size: m.size,
		Received: time.Now(), server: c.server, owner: ch.confirms, cost: m.cost,
	}
	if ch.enlist(message) {
		c.server.handler.Handle(message)
	}
}

// ignore acknowledges a message at once.
func (ch *channel) ignore() {
	if ch.confirms == nil {
		return
	}
	out := &ch.connection.out
	out.mu.Lock()
	ch.confirms.add(nil, time.Time{}, accepted)
	out.mu.Unlock()
	out.nudge()
}

// enlist gives the message its place among those to be acknowledged. It reports whether the message is to be handled: not when it is
// with the handler already, or when the client has to send it again.
func (ch *channel) enlist(message *Message) bool {
	if ch.confirms == nil {
		return true
	}
	c := ch.connection
	enlisted, voided := c.enlist(message)
	if enlisted == message {
		return true
	}
	c.server.release(message.cost)
	if !voided {
		c.server.observer.Resent(c.client)
	}
	return false
}
