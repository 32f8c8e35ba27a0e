package amqpserver

import (
	"bytes"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// orphans are the messages that are with the handler still while their connection has ended without an acknowledgement. The
// publisher will send each again, byte by byte the same (oslo.messaging, kombu: Connection.ensure): then the copy takes the place of its
// connection, and is not handed over a second time. Without this an outage of the pipeline would add one copy per
// ConfirmTimeout. What is not sent again, because its publisher has died, is delivered all the same.
type orphans struct {
	seed  maphash.Seed
	count atomic.Int64 // len(messages), so that nothing is hashed in ordinary times

	mu       sync.Mutex
	messages map[uint64][]*Message
}

func newOrphans() *orphans {
	return &orphans{seed: maphash.MakeSeed(), messages: map[uint64][]*Message{}}
}

func (o *orphans) key(m *Message) uint64 { return maphash.Bytes(o.seed, m.Body) }

// add takes a message whose connection has ended, unless it is accepted.
func (o *orphans) add(m *Message) {
	key := o.key(m)
	o.mu.Lock()
	defer o.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.accepted {
		return
	}
	m.owner = nil
	o.messages[key] = append(o.messages[key], m)
	o.count.Add(1)
}

// adopt looks for an orphan of which this is a copy and that is not accepted, and has it acknowledged where the copy would be.
func (o *orphans) adopt(copied *Message) *Message {
	if o.count.Load() == 0 {
		return nil
	}
	key := o.key(copied)
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, m := range o.messages[key] {
		if !m.isCopyOf(copied) {
			continue
		}
		m.mu.Lock()
		adopted := !m.accepted
		if adopted {
			m.owner, m.tag = copied.owner, copied.tag
		}
		m.mu.Unlock()
		if adopted {
			o.drop(key, i)
			return m
		}
	}
	return nil
}

// remove forgets a message that was accepted.
func (o *orphans) remove(m *Message) {
	if o.count.Load() == 0 {
		return
	}
	key := o.key(m)
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, other := range o.messages[key] {
		if other == m {
			o.drop(key, i)
			return
		}
	}
}

func (o *orphans) drop(key uint64, i int) {
	list := o.messages[key]
	list = append(list[:i:i], list[i+1:]...)
	if len(list) == 0 {
		delete(o.messages, key)
	} else {
		o.messages[key] = list
	}
	o.count.Add(-1)
}

// isCopyOf reports whether the publisher would call the two one message: another host or user may not confirm it.
func (m *Message) isCopyOf(other *Message) bool {
	return m.Exchange == other.Exchange && m.RoutingKey == other.RoutingKey &&
		m.Client.User == other.Client.User && m.Client.Address.Addr() == other.Client.Address.Addr() &&
		bytes.Equal(m.Body, other.Body)
}
