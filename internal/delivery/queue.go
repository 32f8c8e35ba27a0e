package delivery

import (
	"context"
	"sync"
)

// Queue is the buffer of a group commit: while batches are delivered, the next one collects in it. There is no timer:
// at a low rate a message leaves at once, under load the batches grow.
//
// All methods are safe for concurrent use. The queue has no bound of its own; its source has one.
type Queue[T any] struct {
	size func(*T) int
	// maxBytes bounds a batch.
	maxBytes int
	ordered  bool
	ready    chan struct{}

	// taking is locked by the one goroutine that waits for a batch, so that turns are in the order of the items.
	taking sync.Mutex
	turn   *Turn

	mu    sync.Mutex
	items []T
	// free are batches that are done. Their memory is used again.
	free []*Batch[T]
	// underWay is the bytes of those that are not.
	underWay int
}

// maxBytesUnderWay bounds the items of all batches that are delivered at the same time, in bytes: what is made of them is in memory at the
// same time. It is more than as many usual messages take as a batch may have.
const maxBytesUnderWay = 8 << 20

// NewQueue makes an empty queue of items that are as large as size says, for as many batches at the same time.
func NewQueue[T any](batches int, size func(*T) int) *Queue[T] {
	return &Queue[T]{size: size, maxBytes: maxBytesUnderWay / batches, ordered: batches > 1, ready: make(chan struct{}, 1)}
}

// Batch is what was taken at once. It is given back with Done.
type Batch[T any] struct {
	Items []T
	// Turn is nil in a queue of one batch at a time.
	Turn  *Turn
	bytes int
}

// Put appends items. It never blocks.
func (q *Queue[T]) Put(items ...T) {
	q.mu.Lock()
	q.items = append(q.items, items...)
	q.mu.Unlock()
	q.wake()
}

// Take waits until there is an item and returns all there are, in order, but not more than limit (at least 1), and of their bytes not more
// than the share of a batch unless a single one has more. It waits too while the batches under way leave no room for the first of them. It
// fails with the context's error alone, and then takes nothing.
func (q *Queue[T]) Take(ctx context.Context, limit int) (*Batch[T], error) {
	q.taking.Lock()
	defer q.taking.Unlock()
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if batch := q.swap(limit); batch != nil {
			if q.ordered {
				q.turn = q.turn.next()
				batch.Turn = q.turn
			}
			return batch, nil
		}
		select {
		case <-ctx.Done():
		case <-q.ready:
		}
	}
}

// Done takes a batch back whose items are no longer needed, and ends its turn.
func (q *Queue[T]) Done(batch *Batch[T]) {
	batch.Turn.done()
	clear(batch.Items)
	q.mu.Lock()
	q.underWay -= batch.bytes
	*batch = Batch[T]{Items: batch.Items[:0]}
	q.free = append(q.free, batch)
	q.mu.Unlock()
	q.wake()
}

// swap takes a batch. What does not fit stays.
func (q *Queue[T]) swap(limit int) *Batch[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	count, bytes := q.fitting(q.items[:min(limit, len(q.items))])
	if count == 0 {
		return nil
	}
	batch := q.unused()
	batch.Items = append(batch.Items, q.items[count:]...)
	clear(q.items[count:]) // they must not stay in memory twice
	batch.Items, batch.bytes, q.items = q.items[:count], bytes, batch.Items
	q.underWay += bytes
	return batch
}

func (q *Queue[T]) unused() (batch *Batch[T]) {
	last := len(q.free) - 1
	if last < 0 {
		return &Batch[T]{}
	}
	batch, q.free = q.free[last], q.free[:last]
	return batch
}

// fitting returns how many of the items are a batch, and their bytes.
func (q *Queue[T]) fitting(items []T) (count, bytes int) {
	for i := range items {
		size := q.size(&items[i])
		if i > 0 && bytes+size > q.maxBytes || q.underWay > 0 && q.underWay+bytes+size > maxBytesUnderWay {
			return i, bytes
		}
		bytes += size
	}
	return len(items), bytes
}

func (q *Queue[T]) wake() {
	select {
	case q.ready <- struct{}{}:
	default: // one is pending already: Take sees these items too
	}
}
