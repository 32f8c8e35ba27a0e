package delivery

import (
	"context"
	"sync"
)

// Queue is the buffer of a group commit: while one batch is delivered, the next one collects in it. There is no timer:
// at a low rate a message leaves at once, under load the batches grow.
//
// Put may be called from any number of goroutines, Take from one. It holds whatever is put; its source bounds that.
type Queue[T any] struct {
	mu    sync.Mutex
	items []T
	ready chan struct{}
}

// NewQueue makes an empty queue.
func NewQueue[T any]() *Queue[T] {
	return &Queue[T]{ready: make(chan struct{}, 1)}
}

// Put appends an item. It never blocks.
func (q *Queue[T]) Put(item T) {
	q.mu.Lock()
	q.items = append(q.items, item)
	q.mu.Unlock()
	q.nudge()
}

// Take waits until there is an item and returns all there are, in order, but not more than limit (at least 1). The slice
// belongs to the caller. It fails with the context's error alone, and then takes nothing.
func (q *Queue[T]) Take(ctx context.Context, limit int) ([]T, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if batch := q.swap(limit); len(batch) > 0 {
			return batch, nil
		}
		select {
		case <-ctx.Done():
		case <-q.ready:
		}
	}
}

func (q *Queue[T]) swap(limit int) []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch := q.items
	if len(batch) <= limit {
		q.items = nil
		return batch
	}
	// The capacity ends at the limit: appending to the batch must not write into what is left.
	q.items = batch[limit:]
	return batch[:limit:limit]
}

func (q *Queue[T]) nudge() {
	select {
	case q.ready <- struct{}{}:
	default: // a nudge is pending already: whoever takes it sees this item too
	}
}
