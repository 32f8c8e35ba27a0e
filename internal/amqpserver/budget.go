package amqpserver

import (
	"context"
	"slices"
	"sync"
)

// budget bounds bytes. Who asks first is served first, so that a large request is not starved by small ones.
type budget struct {
	mu      sync.Mutex
	total   int64
	free    int64
	waiting []*request
}

type request struct {
	bytes   int64
	granted chan struct{}
}

func newBudget(total int64) *budget { return &budget{total: total, free: total} }

// acquire takes bytes, which must not be more than there are in all; it waits for them until ctx ends.
func (b *budget) acquire(ctx context.Context, bytes int64) error {
	b.mu.Lock()
	if len(b.waiting) == 0 && bytes <= b.free {
		b.free -= bytes
		b.mu.Unlock()
		return nil
	}
	r := &request{bytes: bytes, granted: make(chan struct{})}
	b.waiting = append(b.waiting, r)
	b.mu.Unlock()

	select {
	case <-r.granted:
		return nil
	case <-ctx.Done():
		b.withdraw(r)
		return ctx.Err()
	}
}

func (b *budget) withdraw(r *request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.waiting, r); i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	} else {
		b.free += r.bytes // granted in the meantime
	}
	b.grant()
}

func (b *budget) release(bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free += bytes
	b.grant()
}

func (b *budget) grant() {
	for len(b.waiting) > 0 && b.waiting[0].bytes <= b.free {
		b.free -= b.waiting[0].bytes
		close(b.waiting[0].granted)
		b.waiting = slices.Delete(b.waiting, 0, 1)
	}
}

// used is how many bytes are taken.
func (b *budget) used() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total - b.free
}

// tryAcquire is acquire without the wait.
func (b *budget) tryAcquire(bytes int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) > 0 || bytes > b.free {
		return false
	}
	b.free -= bytes
	return true
}
