package delivery

import (
	"context"
	"sync"
)

// Queue is the buffer of a group commit: while one batch is delivered, the next one collects in it. There is no timer:
// at a low rate a message leaves at once, under load the batches grow.
//
// Put may be called from any number of goroutines, Take from one. The queue has no bound of its own; its source has one.
type Queue[T any] struct {
	mu    sync.Mutex
	items []T
	// taken is the last batch. Its memory is used again.
	taken []T
	size  func(*T) int
	ready chan struct{}
}

// maxBatchBytes bounds the items of a batch in bytes: what is made of them is in memory at the same time. It is more than as many
// usual messages take as a batch may have.
const maxBatchBytes = 8 << 20

// NewQueue makes an empty queue of items that are as large as size says.
func NewQueue[T any](size func(*T) int) *Queue[T] {
	return &Queue[T]{size: size, ready: make(chan struct{}, 1)}
}

// Put appends items. It never blocks.
func (q *Queue[T]) Put(items ...T) {
	q.mu.Lock()
	q.items = append(q.items, items...)
	q.mu.Unlock()
	q.wake()
}

// Take waits until there is an item and returns all there are, in order, but not more than limit (at least 1), and not more than
// maxBatchBytes of them unless a single one has more. The slice is the caller's until the next Take. It fails with the context's error
// alone, and then takes nothing.
func (q *Queue[T]) Take(ctx context.Context, limit int) ([]T, error) {
	clear(q.taken)
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

// swap takes a batch. What does not fit stays.
func (q *Queue[T]) swap(limit int) []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	limit = q.fitting(q.items[:min(limit, len(q.items))])
	q.taken = append(q.taken[:0], q.items[limit:]...)
	clear(q.items[limit:]) // they must not stay in memory twice
	q.taken, q.items = q.items[:limit], q.taken
	return q.taken
}

// fitting returns how many of the items are a batch.
func (q *Queue[T]) fitting(items []T) int {
	bytes := 0
	for i := range items {
		if bytes += q.size(&items[i]); bytes > maxBatchBytes && i > 0 {
			return i
		}
	}
	return len(items)
}

func (q *Queue[T]) wake() {
	select {
	case q.ready <- struct{}{}:
	default: // one is pending already: Take sees these items too
	}
}
