package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/inbound"
)

// ErrSessionEnded is returned (wrapped, with the reason) by Session.Settle when the channel generation is over: the broker
// delivers again what was not settled.
var ErrSessionEnded = errors.New("the channel generation has ended")

// Session is one channel generation.
type Session struct {
	channel amqp.Acknowledger
	tracker *tracker

	takeMu sync.Mutex
	// taker is Receive's function; nil before it was called. What comes earlier is kept.
	taker func([]inbound.Delivery)
	early []inbound.Delivery

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

// Receive calls take with the deliveries as they come, in order, until ctx ends; those that came before it was called come first. It must
// be called once.
//
// The goroutine that reads the connection calls take, which must not block: the number of unsettled deliveries is bounded by
// Config.Prefetch and Config.MaxInFlightBytes, so that they can be kept in a slice. It must call Received for each, in order. The slice
// is its own until it returns.
func (s *Session) Receive(ctx context.Context, take func([]inbound.Delivery)) {
	s.takeBy(take)
	<-ctx.Done()
	s.takeBy(func([]inbound.Delivery) {}) // the broker delivers them again
}

func (s *Session) takeBy(take func([]inbound.Delivery)) {
	s.takeMu.Lock()
	defer s.takeMu.Unlock()
	s.taker = take
	if len(s.early) > 0 {
		take(s.early)
		s.early = nil
	}
}

// take is given what the connection delivers.
func (s *Session) take(deliveries []inbound.Delivery) {
	s.takeMu.Lock()
	defer s.takeMu.Unlock()
	switch {
	case s.ended.Load() != nil: // whatever is in flight is the queue's again
	case s.taker == nil:
		s.early = append(s.early, deliveries...)
	default:
		s.taker(deliveries)
	}
}

// Received takes a delivery into account that came at this time: its bytes count as in flight until it is settled or the session ends.
// It is called from within Receive's function.
func (s *Session) Received(d *inbound.Delivery, bytes int, at time.Time) {
	if inFlight := s.tracker.received(d.Tag, int64(bytes), at); s.maxBytes > 0 && inFlight > s.maxBytes {
		s.pauseOrResume()
	}
	if !d.Redelivered || s.deliveryLimit == 0 {
		return
	}
	if count := d.DeliveryCount(); count >= s.deliveryLimit-s.deliveryLimit/4 {
		s.nearLimit(d.Tag, count, s.deliveryLimit)
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
