package directory

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// lookup is one request to Keystone, however many wait for it.
type lookup struct {
	ref  keystone.Ref
	key  key
	done chan struct{}
	// result is set before done is closed, and entry where Keystone told a name: a full table may have no room for it.
	result Result
	entry  entry

	// The rest is the queue's. place is where it waits, nil when a worker has it.
	urgent bool
	place  *list.Element
	began  time.Time
}

// queue holds the lookups that wait for a worker: the urgent ones go first, and of each the newest, as those who wait for the older
// ones give up sooner. A flood of made-up ids pushes out its own.
type queue struct {
	mu     sync.Mutex
	filled sync.Cond
	// waiting are the lookups, the newest in front.
	urgent, usual list.List
	byKey         map[key]*lookup
	running       map[*lookup]struct{}
	closed        bool
	// took is the usual time of an answer, as of takenAt.
	took    time.Duration
	takenAt time.Time
}

// maxQueued bounds the lookups of one urgency that wait for a worker.
const maxQueued = 16384

func newQueue() *queue {
	q := &queue{byKey: map[key]*lookup{}, running: map[*lookup]struct{}{}}
	q.filled.L = &q.mu
	return q
}

// join returns the lookup of a thing: the one under way, or a new one.
func (q *queue) join(ref keystone.Ref, k key, urgent bool) *lookup {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.byKey[k]
	switch {
	case l == nil:
		l = &lookup{ref: ref, key: k, done: make(chan struct{}), urgent: urgent}
		q.byKey[k] = l
		q.push(l)
	case urgent && !l.urgent:
		if l.place != nil {
			q.usual.Remove(l.place)
			l.urgent = true
			q.push(l)
		}
		l.urgent = true
	}
	return l
}

func (q *queue) push(l *lookup) {
	waiting := q.lane(l.urgent)
	l.place = waiting.PushFront(l)
	if waiting.Len() > maxQueued {
		q.end(waiting.Remove(waiting.Back()).(*lookup), Late)
	}
	q.filled.Broadcast()
}

func (q *queue) lane(urgent bool) *list.List {
	if urgent {
		return &q.urgent
	}
	return &q.usual
}

// end answers those who wait.
func (q *queue) end(l *lookup, result Result) {
	l.result, l.place = result, nil
	delete(q.byKey, l.key)
	close(l.done)
}

// take waits for a lookup to do; nil: the queue is closed.
func (q *queue) take(urgentOnly bool, now func() time.Time) *lookup {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed {
		waiting := &q.urgent
		if waiting.Len() == 0 && !urgentOnly {
			waiting = &q.usual
		}
		if waiting.Len() == 0 {
			q.filled.Wait()
			continue
		}
		l := waiting.Remove(waiting.Front()).(*lookup)
		l.place, l.began = nil, now()
		q.running[l] = struct{}{}
		return l
	}
	return nil
}

// finish ends a lookup that was taken, or has it done once more before anybody hears of it.
func (q *queue) finish(l *lookup, result Result, again bool, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.running, l)
	q.took = (3*q.took + now.Sub(l.began)) / 4
	if now.Sub(q.takenAt) > forgetTime {
		q.took = now.Sub(l.began)
	}
	q.takenAt = now
	if again {
		q.push(l)
		return
	}
	q.end(l, result)
}

const (
	// forgetTime is how long it counts how long Keystone took; without that it is taken to take usualTime.
	forgetTime = 30 * time.Second
	usualTime  = 10 * time.Millisecond
)

// patience is how long to wait for lookups of one urgency, at most wait. Where Keystone cannot answer in that time what is asked already,
// only the newest few answers are waited for, and not those either while a single one takes longer.
func (q *queue) patience(urgent bool, workers int, wait time.Duration, now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	took := q.took
	if now.Sub(q.takenAt) > forgetTime {
		took = usualTime
	}
	for l := range q.running {
		took = max(took, now.Sub(l.began))
	}
	const newest, leastUrgent = 4, 200 * time.Millisecond
	switch rounds := q.lane(urgent).Len()/workers + 1; {
	case took*time.Duration(rounds) <= wait:
		return wait
	case urgent:
		return min(max(newest*took, leastUrgent), wait)
	case took <= wait:
		return min(newest*took, wait)
	default:
		return 0
	}
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.urgent.Len() + q.usual.Len()
}

// closeWith closes the queue when ctx is done, and ends what still waits.
func (q *queue) closeWith(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.closed = true
		for _, waiting := range []*list.List{&q.urgent, &q.usual} {
			for waiting.Len() > 0 {
				q.end(waiting.Remove(waiting.Front()).(*lookup), Late)
			}
		}
		q.filled.Broadcast()
	})
}
