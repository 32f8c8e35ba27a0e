package delivery

import (
	"context"
	"sync"
)

// Turn is the place of a batch among those that are delivered at the same time. It comes when all batches before are done. Its methods do
// nothing for nil, the turn of a batch that is delivered alone.
type Turn struct {
	ended chan struct{}

	mu sync.Mutex
	// before is forgotten once that is done, or this one.
	before *Turn
	// passed has a channel for each place, which is closed when this batch has passed it.
	passed map[any]chan struct{}
}

// next returns the turn after t.
func (t *Turn) next() *Turn { return &Turn{ended: make(chan struct{}), before: t} }

// done ends the turn.
func (t *Turn) done() {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.before = nil
	t.mu.Unlock()
	close(t.ended)
}

// Await returns when the turn has come, when ctx ends, or when stop is closed.
func (t *Turn) Await(ctx context.Context, stop <-chan struct{}) {
	before := t.predecessor()
	if before == nil {
		return
	}
	select {
	case <-before.ended:
	case <-ctx.Done():
	case <-stop:
	}
}

// predecessor is the batch before, while that is not done.
func (t *Turn) predecessor() *Turn {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.before != nil {
		select {
		case <-t.before.ended:
			t.before = nil
		default:
		}
	}
	return t.before
}

// at returns the channel of a place.
func (t *Turn) at(place any) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.passed == nil {
		t.passed = map[any]chan struct{}{}
	}
	if t.passed[place] == nil {
		t.passed[place] = make(chan struct{})
	}
	return t.passed[place]
}

type turnKey struct{}

// Context returns a context that has the turn.
func (t *Turn) Context(ctx context.Context) context.Context {
	if t == nil {
		return ctx
	}
	return context.WithValue(ctx, turnKey{}, t)
}

func turnOf(ctx context.Context) *Turn {
	t, _ := ctx.Value(turnKey{}).(*Turn)
	return t
}

// InTurn makes batches that are delivered at the same time pass a place in a pipeline in their order: it waits until all batches before
// that of ctx have passed it, or are done. pass must be called when this one has. A batch that comes once more, because it was refused,
// does not wait again. Where ctx has no turn, nothing is waited for. It fails with the context's error alone.
func InTurn(ctx context.Context, place any) (pass func(), err error) {
	t := turnOf(ctx)
	if before := t.predecessor(); before != nil {
		select {
		case <-before.at(place):
		case <-before.ended:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if t == nil {
		return func() {}, nil
	}
	return func() { t.pass(place) }, nil
}

// pass closes the channel of a place, the first time.
func (t *Turn) pass(place any) {
	passed := t.at(place)
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-passed:
	default:
		close(passed)
	}
}
