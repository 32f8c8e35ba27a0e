package amqpserver

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// budget bounds bytes. Who asks first is served first, so that a large request is not starved by small ones.
type budget struct {
	free  *semaphore.Weighted
	taken atomic.Int64
}

func newBudget(total int64) *budget { return &budget{free: semaphore.NewWeighted(total)} }

// acquire takes bytes, which must not be more than there are in all; it waits for them until ctx ends.
func (b *budget) acquire(ctx context.Context, bytes int64) error {
	if err := b.free.Acquire(ctx, bytes); err != nil {
		return err
	}
	b.taken.Add(bytes)
	return nil
}

// tryAcquire is acquire without the wait.
func (b *budget) tryAcquire(bytes int64) bool {
	taken := b.free.TryAcquire(bytes)
	if taken {
		b.taken.Add(bytes)
	}
	return taken
}

func (b *budget) release(bytes int64) {
	b.taken.Add(-bytes)
	b.free.Release(bytes)
}

// used is how many bytes are taken.
func (b *budget) used() int64 { return b.taken.Load() }
