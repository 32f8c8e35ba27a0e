package rabbitmq

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"
)

// ErrSessionEnded is returned (wrapped, with the reason) by Session.Settle when the channel generation is over: the broker
// delivers again what was not settled.
var ErrSessionEnded = errors.New("the channel generation has ended")

// Verdict is how a delivery is settled.
type Verdict uint8

// The verdicts.
const (
	// Acknowledge: the message was taken.
	Acknowledge Verdict = iota + 1
	// Reject without requeue: into the dead-letter queue. Where Session.DeadLetters is false the broker deletes it.
	Reject
)

// Settlement is the verdict on one delivery.
type Settlement struct {
	DeliveryTag uint64
	Verdict     Verdict
}

// Session is one channel generation.
type Session struct {
	channel    amqp.Acknowledger
	deliveries <-chan amqp.Delivery
	tracker    *tracker
	// prefetch and maxBytes bound what is in flight.
	prefetch int
	maxBytes int64
	// hold is called with what holdReading says after every change of what is in flight.
	holdMu sync.Mutex
	hold   func(bool)

	// deliveryLimit is the queue's as far as it is known; 0 for none.
	deliveryLimit int64
	nearLimit     func(tag uint64, count, limit int64)
	deadLetters   atomic.Bool

	// settleMu keeps what is sent in order: an acknowledgement overtaken by a later multiple one would be of an unknown tag.
	settleMu sync.Mutex
	ended    atomic.Pointer[error]
}

// Deliveries is the library's own unbuffered channel, closed when the generation ends. Whoever drains it must call Received
// for each delivery, in order, and must not wait for anything in between: the number of unsettled deliveries is bounded by
// Config.Prefetch and Config.MaxInFlightBytes, so that they can be kept in a slice.
func (s *Session) Deliveries() <-chan amqp.Delivery { return s.deliveries }

// Received takes a delivery into account: the bytes that it holds count as in flight until it is settled or the session ends.
// It is called by the one goroutine that drains Deliveries.
func (s *Session) Received(d *amqp.Delivery, bytes int) {
	s.tracker.received(d.DeliveryTag, int64(bytes))
	s.holdOrRelease()
	if count := DeliveryCount(d); s.deliveryLimit > 0 && count >= s.deliveryLimit-s.deliveryLimit/4 {
		s.nearLimit(d.DeliveryTag, count, s.deliveryLimit)
	}
}

// Settle settles deliveries that were received, in any order, each at most once. Rejects are sent first, then one multiple
// acknowledgement for the longest settled prefix of all deliveries, then single ones for those behind a gap.
// It may be called from any goroutine. After the session ended it fails with ErrSessionEnded and sends nothing. A verdict on a delivery
// that is not in flight fails too, and then none is sent.
func (s *Session) Settle(settlements []Settlement) error {
	s.settleMu.Lock()
	defer s.settleMu.Unlock()
	if reason := s.ended.Load(); reason != nil {
		return *reason
	}
	if err := s.tracker.decide(settlements); err != nil {
		return err
	}
	prefixEnd, err := s.send(settlements)
	if err != nil {
		s.end(err)
		return *s.ended.Load()
	}
	s.tracker.done(settlements, prefixEnd)
	s.holdOrRelease()
	return nil
}

// send tells the broker. Rejects come before the multiple acknowledgement, which would acknowledge them.
func (s *Session) send(settlements []Settlement) (prefixEnd uint64, err error) {
	for _, settlement := range settlements {
		if settlement.Verdict == Reject {
			if err := s.channel.Reject(settlement.DeliveryTag, false); err != nil {
				return 0, err
			}
		}
	}
	prefixEnd, last := s.tracker.prefix()
	if last != 0 {
		if err := s.channel.Ack(last, true); err != nil {
			return 0, err
		}
	}
	for _, settlement := range settlements {
		if settlement.Verdict == Acknowledge && settlement.DeliveryTag >= prefixEnd {
			if err := s.channel.Ack(settlement.DeliveryTag, false); err != nil {
				return 0, err
			}
		}
	}
	return prefixEnd, nil
}

// DeadLetters says whether a rejected message is known to end in a dead-letter queue. It may change during a session.
func (s *Session) DeadLetters() bool { return s.deadLetters.Load() }

// InFlight returns the received and unsettled deliveries, and the bytes that they hold.
func (s *Session) InFlight() (messages int, bytes int64) { return s.tracker.inFlight() }

// end makes every later Settle fail. Only the first reason counts.
func (s *Session) end(reason error) {
	err := fmt.Errorf("%w: %w", ErrSessionEnded, reason)
	s.ended.CompareAndSwap(nil, &err)
}

func (s *Session) holdOrRelease() {
	if s.maxBytes == 0 {
		return
	}
	s.holdMu.Lock()
	defer s.holdMu.Unlock()
	messages, bytes := s.tracker.inFlight()
	// With all that the prefetch allows in flight nothing more comes, and reading on sees the broker's closes and heartbeats.
	s.hold(bytes > s.maxBytes && messages < s.prefetch)
}

// DeliveryCount is what the broker holds against the queue's delivery limit (x-delivery-count of a quorum queue): how often the message came
// back to its queue. A connection that ends counts with every version; basic.nack and the acknowledgement timeout do so before
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
