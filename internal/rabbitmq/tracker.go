package rabbitmq

import (
	"fmt"
	"sync"
	"time"
)

// tracker keeps the deliveries of one channel that are not settled yet. Tags on a channel are 1, 2, 3, …, so they index a ring.
type tracker struct {
	mu sync.Mutex
	// ring[(first+i) % len(ring)] is the delivery with tag base+i, for i < count.
	ring  []delivery
	first int
	count int
	base  uint64

	messages int
	bytes    int64
}

type delivery struct {
	size     int64
	received time.Time
	state    deliveryState
}

type deliveryState uint8

const (
	unsettled deliveryState = iota
	// toAcknowledge and toReject are decided and not yet told to the broker.
	toAcknowledge
	toReject
	settled
)

func newTracker(prefetch int) *tracker {
	return &tracker{ring: make([]delivery, prefetch), base: 1}
}

// received adds a delivery. A tag that was skipped would never be settled, so it stays a gap.
func (t *tracker) received(tag uint64, size int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.base+uint64(t.count) <= tag {
		t.grow()
		t.ring[(t.first+t.count)%len(t.ring)] = delivery{}
		t.count++
	}
	t.at(tag).size, t.at(tag).received = size, time.Now()
	t.messages++
	t.bytes += size
}

// grow makes room for one more; the ring is larger than the prefetch only while a held delivery keeps settled ones behind it.
func (t *tracker) grow() {
	if t.count < len(t.ring) {
		return
	}
	larger := make([]delivery, 2*len(t.ring)+1)
	copied := copy(larger, t.ring[t.first:])
	copy(larger[copied:], t.ring[:t.first])
	t.ring, t.first = larger, 0
}

func (t *tracker) at(tag uint64) *delivery {
	return &t.ring[(t.first+int(tag-t.base))%len(t.ring)]
}

// decide notes the verdicts, or none of them when one is on a delivery that is not in flight.
func (t *tracker) decide(settlements []Settlement) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, s := range settlements {
		valid := s.Verdict == Acknowledge || s.Verdict == Reject
		inFlight := s.DeliveryTag >= t.base && s.DeliveryTag < t.base+uint64(t.count) && t.at(s.DeliveryTag).state == unsettled
		if !valid || !inFlight {
			for _, decided := range settlements[:i] {
				t.at(decided.DeliveryTag).state = unsettled
			}
			return fmt.Errorf("delivery %d is not in flight on this channel, or has verdict %d", s.DeliveryTag, s.Verdict)
		}
		t.at(s.DeliveryTag).state = toAcknowledge
		if s.Verdict == Reject {
			t.at(s.DeliveryTag).state = toReject
		}
	}
	return nil
}

// prefix returns the first tag that is neither decided nor settled, and the last one before it to acknowledge (0: none).
// The broker refuses a multiple acknowledgement up to a tag that it has already seen rejected.
func (t *tracker) prefix() (end, lastToAcknowledge uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for end = t.base; end < t.base+uint64(t.count); end++ {
		switch t.at(end).state {
		case unsettled:
			return end, lastToAcknowledge
		case toAcknowledge:
			lastToAcknowledge = end
		}
	}
	return end, lastToAcknowledge
}

// done marks what the broker was told, forgets what lies before prefixEnd, and frees the bytes.
func (t *tracker) done(settlements []Settlement, prefixEnd uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range settlements {
		d := t.at(s.DeliveryTag)
		d.state = settled
		t.messages--
		t.bytes -= d.size
	}
	length := int(prefixEnd - t.base)
	t.first = (t.first + length) % len(t.ring)
	t.count -= length
	t.base = prefixEnd
}

func (t *tracker) inFlight() (messages int, bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.messages, t.bytes
}

// oldestAge is for how long the longest in flight of the deliveries is so; 0 when there is none.
func (t *tracker) oldestAge() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	for tag := t.base; tag < t.base+uint64(t.count); tag++ {
		if d := t.at(tag); d.state != settled && !d.received.IsZero() {
			return time.Since(d.received)
		}
	}
	return 0
}
