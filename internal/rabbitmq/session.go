package rabbitmq

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// ErrSessionEnded is returned (wrapped, with the reason) by Session.Settle when the channel generation is over: the broker
// delivers again what was not settled.
var ErrSessionEnded = errors.New("the channel generation has ended")

// Session is one channel generation.
type Session struct {
	channel    amqp.Acknowledger
	deliveries <-chan amqp.Delivery
	tracker    *tracker
	// prefetch and maxBytes bound what is in flight.
	prefetch int
	maxBytes int64
	// pause is called after every change of what is in flight: with true while it is too much to read on.
	pauseMu sync.Mutex
	pause   func(bool)

	// deliveryLimit is the queue's as far as it is known; 0 for none.
	deliveryLimit int64
	nearLimit     func(tag uint64, count, limit int64)
	deadLetters   atomic.Bool

	// settleMu keeps what is sent in order: an acknowledgement overtaken by a later multiple one would be of an unknown tag.
	settleMu sync.Mutex
	ended    atomic.Pointer[error]
}

// Deliveries is the library's own unbuffered channel, closed when the generation ends. The one goroutine that drains it must call Received
// for each delivery, in order, and must not wait for anything in between: the number of unsettled deliveries is bounded by
// Config.Prefetch and Config.MaxInFlightBytes, so that they can be kept in a slice.
func (s *Session) Deliveries() <-chan amqp.Delivery { return s.deliveries }

// Received takes a delivery into account that came at this time: its bytes count as in flight until it is settled or the session ends.
// It is called by the one goroutine that drains Deliveries.
func (s *Session) Received(d *amqp.Delivery, bytes int, at time.Time) {
	if inFlight := s.tracker.received(d.DeliveryTag, int64(bytes), at); s.maxBytes > 0 && inFlight > s.maxBytes {
		s.pauseOrResume()
	}
	if !d.Redelivered || s.deliveryLimit == 0 {
		return
	}
	if count := DeliveryCount(d); count >= s.deliveryLimit-s.deliveryLimit/4 {
		s.nearLimit(d.DeliveryTag, count, s.deliveryLimit)
	}
}

// Settle tells the broker which deliveries are acknowledged, and which are rejected without requeue: these go into the dead-letter queue,
// or are deleted where DeadLetters is false. The tags are of deliveries that were received, in any order, each at most once. Rejects are
// sent first, then one multiple acknowledgement for the longest settled prefix of all deliveries, then single ones for those behind a
// gap.
//
// It may be called from any goroutine. After the session ended it fails with ErrSessionEnded and sends nothing. It fails too, and sends
// nothing, when one of the deliveries is not in flight.
func (s *Session) Settle(acknowledged, rejected []uint64) error {
	s.settleMu.Lock()
	defer s.settleMu.Unlock()
	if reason := s.ended.Load(); reason != nil {
		return *reason
	}
	if err := s.tracker.settle(acknowledged, rejected); err != nil {
		return err
	}
	prefixEnd := s.tracker.prefixEnd()
	if err := s.send(acknowledged, rejected, prefixEnd); err != nil {
		s.end(err)
		return *s.ended.Load()
	}
	s.tracker.remove(prefixEnd, acknowledged, rejected)
	s.pauseOrResume()
	return nil
}

// send tells the broker. Rejects come before the multiple acknowledgement, which would acknowledge them. The broker refuses a multiple
// acknowledgement up to a tag that it has already seen rejected.
func (s *Session) send(acknowledged, rejected []uint64, prefixEnd uint64) error {
	for _, tag := range rejected {
		if err := s.channel.Reject(tag, false); err != nil {
			return err
		}
	}
	last := uint64(0)
	for _, tag := range acknowledged {
		if tag < prefixEnd {
			last = max(last, tag)
		}
	}
	if last > 0 {
		if err := s.channel.Ack(last, true); err != nil {
			return err
		}
	}
	for _, tag := range acknowledged {
		if tag >= prefixEnd {
			if err := s.channel.Ack(tag, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// DeadLetters reports whether a rejected message is known to end in a dead-letter queue. It may change during a session.
func (s *Session) DeadLetters() bool { return s.deadLetters.Load() }

// InFlight returns the number of received and unsettled deliveries, and their bytes.
func (s *Session) InFlight() (messages int, bytes int64) { return s.tracker.inFlight() }

// end makes every later Settle fail. Only the first reason counts.
func (s *Session) end(reason error) {
	err := fmt.Errorf("%w: %w", ErrSessionEnded, reason)
	s.ended.CompareAndSwap(nil, &err)
}

func (s *Session) pauseOrResume() {
	if s.maxBytes == 0 {
		return
	}
	s.pauseMu.Lock()
	defer s.pauseMu.Unlock()
	messages, bytes := s.tracker.inFlight()
	// With all that the prefetch allows in flight nothing more comes, and reading on sees the broker's closes and heartbeats.
	s.pause(bytes > s.maxBytes && messages < s.prefetch)
}

// DeliveryCount is what the broker counts against the queue's delivery limit (x-delivery-count of a quorum queue): how often the message
// came back to its queue. A connection that ends counts with every version; basic.nack and the acknowledgement timeout do so before
// RabbitMQ 4.3, which counts those apart (x-acquired-count). Elsewhere it is 1 for a redelivered message, else 0.
func DeliveryCount(d *amqp.Delivery) int64 {
	switch count := d.Headers["x-delivery-count"].(type) {
	case int64:
		return count
	case int32:
		return int64(count)
	}
	_, countedApart := d.Headers["x-acquired-count"]
	if d.Redelivered && !countedApart {
		return 1
	}
	return 0
}
