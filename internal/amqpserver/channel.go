package amqpserver

import (
	"fmt"
	"strconv"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// channel is the open channel of a connection. It belongs to the connection's reader.
type channel struct {
	connection *connection
	// confirms is nil until confirm.select.
	confirms *confirms
	// closeSent is set once channel.close was sent: everything up to its answer is void.
	closeSent bool
	// incoming is the message that is being received, nil between messages.
	incoming *incoming
	// names are those of the last message: a publisher mostly repeats them.
	exchange, routingKey string
	generated            int
}

// method handles a method of an open channel between two messages. What is returned closes the connection.
func (ch *channel) method(m method, a *amqpframe.Arguments) *Refusal {
	switch m {
	case basicPublish:
		return ch.publish(a)
	case exchangeDeclare:
		a.Short()
		a.ShortBytes() // its name
		a.ShortBytes() // its type
		ch.replyUnless(a.Octet()&0b10000 != 0, exchangeDeclareOk, nil)
	case queueDeclare:
		ch.declareQueue(a)
	case queueBind:
		a.Short()
		a.ShortBytes() // the queue
		a.ShortBytes() // the exchange
		a.ShortBytes() // the routing key
		ch.replyUnless(a.Octet()&1 != 0, queueBindOk, nil)
	case confirmSelect:
		ch.selectConfirms()
		ch.replyUnless(a.Octet()&1 != 0, confirmSelectOk, nil)
	case channelFlow:
		active := a.Octet() & 1
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
func (ch *channel) declareQueue(a *amqpframe.Arguments) {
	a.Short()
	name := a.ShortString()
	noWait := a.Octet()&0b10000 != 0
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
	if !out.sealed {
		out.confirms = ch.confirms
	}
	out.mu.Unlock()
}

func (ch *channel) replyUnless(noWait bool, m method, write func([]byte) []byte) {
	if !noWait {
		ch.connection.reply(m, write)
	}
}

// fail closes the channel and tells the client why.
func (ch *channel) fail(reason *Refusal) {
	c := ch.connection
	c.server.observer.ChannelClosed(c.client, reason)
	c.closeChannel(func(to []byte) []byte { return reason.appendClose(to, theChannel) })
	ch.closeSent, ch.confirms = true, nil
	c.channel = ch
}
