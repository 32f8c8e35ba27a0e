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
	settled  bool
}

func newTracker(prefetch int) *tracker {
	return &tracker{ring: make([]delivery, prefetch), base: 1}
}

// received adds a delivery and returns the bytes in flight. A tag that was skipped would never be settled, so it stays a gap.
func (t *tracker) received(tag uint64, size int64, at time.Time) (bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.base+uint64(t.count) <= tag {
		t.grow()
		t.ring[(t.first+t.count)%len(t.ring)] = delivery{}
		t.count++
	}
	t.at(tag).size, t.at(tag).received = size, at
	t.messages++
	t.bytes += size
	return t.bytes
}

// grow makes room for one more; the ring is larger than the prefetch only while an unsettled delivery keeps settled ones behind it.
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

// settle marks the deliveries as settled, or none of them when one is not in flight.
func (t *tracker) settle(acknowledged, rejected []uint64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.mark(acknowledged); err != nil {
		return err
	}
	if err := t.mark(rejected); err != nil {
		t.unmark(acknowledged)
		return err
	}
	return nil
}

func (t *tracker) mark(tags []uint64) error {
	for i, tag := range tags {
		if tag < t.base || tag >= t.base+uint64(t.count) || t.at(tag).settled {
			t.unmark(tags[:i])
			return fmt.Errorf("delivery %d is not in flight on this channel", tag)
		}
		t.at(tag).settled = true
	}
	return nil
}

func (t *tracker) unmark(tags []uint64) {
	for _, tag := range tags {
		t.at(tag).settled = false
	}
}

// prefixEnd returns the first tag that is not settled.
func (t *tracker) prefixEnd() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	end := t.base
	for end < t.base+uint64(t.count) && t.at(end).settled {
		end++
	}
	return end
}

// remove takes settled deliveries out of what is in flight, and forgets those before prefixEnd.
func (t *tracker) remove(prefixEnd uint64, settled ...[]uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, tags := range settled {
		for _, tag := range tags {
			t.messages--
			t.bytes -= t.at(tag).size
		}
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

// oldestAge is how long the oldest delivery in flight has been so; 0 when there is none.
func (t *tracker) oldestAge() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	for tag := t.base; tag < t.base+uint64(t.count); tag++ {
		if d := t.at(tag); !d.settled && !d.received.IsZero() {
			return time.Since(d.received)
		}
	}
	return 0
}
