package amqpserver

import (
	"iter"
	"time"
)

// confirms are the messages of one channel in confirm mode that are not acknowledged, in the order of publishing. All
// of it is guarded by the mutex of the connection's outbox.
type confirms struct {
	connection *connection
	// entries[head] is the oldest; its tag is first.
	entries []confirm
	head    int
	first   uint64
	// behind are tags of messages that were accepted while an older one was not, and are not acknowledged.
	behind []uint64
}

type confirm struct {
	message *Message // nil for one that was ignored
	// received is when this connection brought the message: another may have done so before.
	received time.Time
	state    confirmState
}

type confirmState uint8

const (
	unaccepted confirmState = iota
	accepted
	acknowledged
)

func newConfirms(c *connection) *confirms { return &confirms{connection: c, first: 1} }

// next is the tag of the next message.
func (c *confirms) next() uint64 { return c.first + uint64(c.len()) }

func (c *confirms) len() int { return len(c.entries) - c.head }

func (c *confirms) add(message *Message, received time.Time, state confirmState) {
	tag := c.next()
	c.entries = append(c.entries, confirm{message: message, received: received, state: state})
	if state == accepted && tag != c.first {
		c.behind = append(c.behind, tag)
	}
}

// accept takes note that the message under tag was accepted.
func (c *confirms) accept(tag uint64) {
	entry := &c.entries[c.head+int(tag-c.first)]
	entry.message, entry.state = nil, accepted
	if tag != c.first {
		c.behind = append(c.behind, tag)
	}
}

// pending reports whether there is something to acknowledge.
func (c *confirms) pending() bool {
	return len(c.behind) > 0 || (c.head < len(c.entries) && c.entries[c.head].state == accepted)
}

// appendAcks acknowledges what was accepted: the oldest together, what is behind one that is not accepted one by one.
func (c *confirms) appendAcks(to []byte) []byte {
	settled := c.head
	for settled < len(c.entries) && c.entries[settled].state != unaccepted {
		settled++
	}
	if count := settled - c.head; count > 0 {
		to = appendAck(to, theChannel, c.first+uint64(count)-1, count > 1)
		c.first += uint64(count)
		c.head = settled
	}
	for _, tag := range c.behind {
		if tag < c.first {
			continue
		}
		c.entries[c.head+int(tag-c.first)].state = acknowledged
		to = appendAck(to, theChannel, tag, false)
	}
	c.behind = c.behind[:0]
	c.compact()
	return to
}

// compact gives back the front of the entries once it is the larger part.
func (c *confirms) compact() {
	if c.head*2 < len(c.entries) {
		return
	}
	left := copy(c.entries, c.entries[c.head:])
	clear(c.entries[left:])
	c.entries, c.head = c.entries[:left], 0
}

// unaccepted returns the entries that are not accepted, oldest first.
func (c *confirms) unaccepted() iter.Seq[confirm] {
	return func(yield func(confirm) bool) {
		for _, entry := range c.entries[c.head:] {
			if entry.state == unaccepted && !yield(entry) {
				return
			}
		}
	}
}

// oldest is when the oldest message that is not accepted was received.
func (c *confirms) oldest() (received time.Time, found bool) {
	for entry := range c.unaccepted() {
		return entry.received, true
	}
	return time.Time{}, false
}

// waiting reports whether a message is not accepted.
func (c *confirms) waiting() bool {
	_, waiting := c.oldest()
	return waiting
}
