package amqpserver

import (
	"fmt"
	"strconv"
)

// channel is the open channel of a connection. It belongs to the connection's reader.
type channel struct {
	connection *connection
	// confirms is nil until confirm.select.
	confirms *confirms
	// closing is whether channel.close was sent: everything up to its answer is void.
	closing bool
	// incoming is the message that is being received, nil between messages.
	incoming *incoming
	// names are those of the last message: a publisher mostly repeats them.
	exchange, routingKey string
	generated            int
}

func (c *connection) handleChannelFrame(f frame) error {
	ch := c.channel
	if f.kind == frameMethod {
		payload, err := c.frames.read(f)
		if err != nil {
			return err
		}
		a := &arguments{rest: payload}
		return c.handleMethod(ch, method(a.long()), a)
	}
	switch {
	case ch == nil:
		return refusal(codeChannelError, "content on a channel that is not open")
	case ch.closing:
		return c.frames.discard(f)
	case f.kind == frameBody:
		return ch.body(f)
	}
	payload, err := c.frames.read(f)
	if err != nil {
		return err
	}
	return ch.header(payload)
}

func (c *connection) handleMethod(ch *channel, m method, a *arguments) error {
	switch {
	case a.err != nil:
		return refusal(codeSyntaxError, a.err.Error())
	case ch == nil && m == channelOpen:
		c.channel = &channel{connection: c}
		c.reply(channelOpenOk, func(to []byte) []byte { return appendLong(to, 0) })
		return nil
	case ch == nil && m == channelClose || ch == nil && m == channelCloseOk:
		return nil // crossed with ours
	case ch == nil:
		return refused504(m)
	case m == channelClose:
		c.closeChannel(func(to []byte) []byte { return appendMethod(to, theChannel, channelCloseOk, nil) })
		return nil
	case m == channelCloseOk && ch.closing:
		c.channel = nil
		return nil
	case ch.closing:
		return nil
	case ch.incoming != nil:
		return withMethod(refusal(codeUnexpectedFrame, "a method within a message"), m)
	}
	r := ch.method(m, a)
	if r == nil && a.err != nil {
		r = refusal(codeSyntaxError, a.err.Error())
	}
	if r == nil {
		return nil
	}
	return withMethod(r, m)
}

func refused504(m method) error {
	return withMethod(refusal(codeChannelError, "the channel is not open"), m)
}

func withMethod(r *Refusal, m method) *Refusal {
	r.method = m
	return r
}

// method handles a method of an open channel between two messages. What is returned closes the connection.
func (ch *channel) method(m method, a *arguments) *Refusal {
	switch m {
	case basicPublish:
		return ch.publish(a)
	case exchangeDeclare:
		a.short()
		a.shortBytes() // its name
		a.shortBytes() // its type
		ch.replyUnless(a.octet()&0b10000 != 0, exchangeDeclareOk, nil)
	case queueDeclare:
		ch.declareQueue(a)
	case queueBind:
		a.short()
		a.shortBytes() // the queue
		a.shortBytes() // the exchange
		a.shortBytes() // the routing key
		ch.replyUnless(a.octet()&1 != 0, queueBindOk, nil)
	case confirmSelect:
		ch.selectConfirms()
		ch.replyUnless(a.octet()&1 != 0, confirmSelectOk, nil)
	case channelFlow:
		active := a.octet() & 1
		ch.replyUnless(false, channelFlowOk, func(to []byte) []byte { return append(to, active) })
	case channelOpen:
		return refusal(codeChannelError, "the channel is open already")
	case channelFlowOk:
	default:
		name, known := refused[m]
		if !known {
			return refusal(codeCommandInvalid, fmt.Sprintf("method %d of class %d", uint16(m), m.class()))
		}
		ch.fail(withMethod(refusal(codeNotImplemented, name+": this endpoint takes messages and does nothing else"), m))
	}
	return nil
}

// declareQueue pretends: publishers of oslo.messaging declare a queue, and want its name back. Arguments are not looked at, so that
// no two services can disagree about them.
func (ch *channel) declareQueue(a *arguments) {
	a.short()
	name := a.shortString()
	noWait := a.octet()&0b10000 != 0
	if name == "" {
		ch.generated++
		name = "amq.gen-" + strconv.Itoa(ch.generated)
	}
	ch.replyUnless(noWait, queueDeclareOk, func(to []byte) []byte {
		return appendLongLong(appendShortString(to, name), 0) // no messages, no consumers
	})
}

func (ch *channel) selectConfirms() {
	if ch.confirms != nil {
		return
	}
	ch.confirms = newConfirms(ch.connection)
	out := &ch.connection.out
	out.mu.Lock()
	if !out.closing {
		out.confirms = ch.confirms
	}
	out.mu.Unlock()
}

func (ch *channel) replyUnless(noWait bool, m method, write func([]byte) []byte) {
	if !noWait {
		ch.connection.reply(m, write)
	}
}

func (c *connection) reply(m method, write func([]byte) []byte) {
	c.out.answer(func(to []byte) []byte { return appendMethod(to, theChannel, m, write) })
}

// fail closes the channel and tells the client why.
func (ch *channel) fail(reason *Refusal) {
	c := ch.connection
	c.server.observer.ChannelClosed(c.client, reason)
	c.closeChannel(func(to []byte) []byte { return reason.appendClose(to, theChannel) })
	ch.closing, ch.confirms = true, nil
	c.channel = ch
}

// closeChannel ends the channel: write appends what the client is told, after the acknowledgements that are due.
func (c *connection) closeChannel(write func([]byte) []byte) {
	c.out.mu.Lock()
	c.out.settle()
	c.out.mu.Unlock()
	c.out.answer(write)
	c.channel.drop()
	c.channel = nil
}
