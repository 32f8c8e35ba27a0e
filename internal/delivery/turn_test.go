package delivery

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configretry"
)

// turns are those of as many batches.
func turns(n int) (all []*Turn) {
	var last *Turn
	for range n {
		last = last.next()
		all = append(all, last)
	}
	return all
}

func TestTurnComesWhenThoseBeforeAreDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := turns(3)
		var order []int
		for i, turn := range slices.Backward(all) {
			go func() {
				turn.Await(t.Context(), nil)
				order = append(order, i)
				turn.done()
			}()
		}
		synctest.Wait()
		assert.Equal(t, []int{0, 1, 2}, order)
	})
}

func TestTurnIsNotAwaitedForLongerThanAnyoneWants(t *testing.T) {
	t.Parallel()
	all := turns(2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	all[1].Await(ctx, nil)
	stop := make(chan struct{})
	close(stop)
	all[1].Await(t.Context(), stop)
	_, err := InTurn(all[1].Context(ctx), "place")
	require.ErrorIs(t, err, context.Canceled)
}

// A batch that is delivered alone has no turn.
func TestNoTurn(t *testing.T) {
	t.Parallel()
	var turn *Turn
	turn.Await(t.Context(), nil)
	turn.done()
	assert.Equal(t, t.Context(), turn.Context(t.Context()))
	pass, err := InTurn(t.Context(), "place")
	require.NoError(t, err)
	pass()
}

func TestInTurn(t *testing.T) {
	t.Parallel()
	// visit has a batch pass a place, after it was there for a time.
	visit := func(t *testing.T, turn *Turn, place string, stay time.Duration) {
		t.Helper()
		pass, err := InTurn(turn.Context(t.Context()), place)
		require.NoError(t, err)
		<-time.After(stay) // the bubble's
		pass()
	}
	for _, test := range []struct {
		name string
		// first is what the first batch does; the second one visits the place.
		first func(t *testing.T, turn *Turn)
		want  time.Duration
	}{
		{"passes", func(t *testing.T, turn *Turn) { t.Helper(); visit(t, turn, "place", time.Second) }, time.Second},
		{"passes and is refused behind it", func(t *testing.T, turn *Turn) {
			t.Helper()
			visit(t, turn, "place", time.Second)
			visit(t, turn, "place", time.Hour)
		}, time.Second},
		{"passes another place", func(t *testing.T, turn *Turn) {
			t.Helper()
			visit(t, turn, "other", time.Second)
			<-time.After(time.Second)
			turn.done()
		}, 2 * time.Second},
		{"never gets there", func(_ *testing.T, turn *Turn) { <-time.After(time.Minute); turn.done() }, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				all, start := turns(2), time.Now()
				var first sync.WaitGroup
				first.Go(func() { test.first(t, all[0]) })
				synctest.Wait()
				visit(t, all[1], "place", 0)
				assert.Equal(t, test.want, time.Since(start))
				first.Wait()
			})
		})
	}
}

// What a backend sees in an outage: each batch once, and then the first one alone. When that is taken, the others follow at once.
func TestDeliverTriesTheFirstOfSeveralBatchesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const batches = 4
		var calls [batches]atomic.Int32
		counts := func() (counts []int32) {
			synctest.Wait()
			for i := range calls {
				counts = append(counts, calls[i].Load())
			}
			return counts
		}
		var open atomic.Bool
		seen := &diary{}
		deliverer := Deliverer{Observer: seen, Retry: configretry.BackOffConfig{
			InitialInterval: time.Second, MaxInterval: time.Second, Multiplier: 1,
		}}
		var done []int
		for i, turn := range turns(batches) {
			go func() {
				settlements, err := deliverer.Deliver(turn.Context(t.Context()), nil, 1, func(context.Context, int, int) error {
					calls[i].Add(1)
					if open.Load() {
						return nil
					}
					return errTemporary
				})
				assert.NoError(t, err)
				assert.Equal(t, []Settlement{Acknowledged}, settlements)
				turn.Await(t.Context(), nil)
				done = append(done, i)
				turn.done()
			}()
			synctest.Wait()
		}
		<-time.After(10*time.Second + time.Millisecond) // the bubble's
		assert.Equal(t, []int32{11, 1, 1, 1}, counts())
		seen.mu.Lock()
		assert.Len(t, seen.waits, 10, "others wait for the first one, unnoticed")
		seen.mu.Unlock()
		open.Store(true)
		<-time.After(time.Second)
		synctest.Wait()
		assert.Equal(t, []int{0, 1, 2, 3}, done)
		assert.Equal(t, []int32{12, 2, 2, 2}, counts())
	})
}

// A batch that is always refused stops those behind it, and nothing before it.
func TestDeliverOfABatchBeforeOneThatIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deliverer := Deliverer{Observer: &diary{}, Retry: configretry.BackOffConfig{
			InitialInterval: time.Second, MaxInterval: time.Second, Multiplier: 1,
		}}
		var settled [3]atomic.Pointer[[]Settlement]
		all, stop := turns(3), make(chan struct{})
		for i, turn := range all {
			go func() {
				tries := 0
				settlements, _ := deliverer.Deliver(turn.Context(t.Context()), stop, 1, func(context.Context, int, int) error {
					if tries++; i == 1 || i == 0 && tries < 3 {
						return errTemporary
					}
					return nil
				})
				settled[i].Store(&settlements)
				turn.Await(t.Context(), stop)
				turn.done()
			}()
		}
		<-time.After(time.Hour) // the bubble's
		synctest.Wait()
		all[1].Await(t.Context(), nil)
		assert.Equal(t, []Settlement{Acknowledged}, *settled[0].Load())
		assert.Nil(t, settled[1].Load())
		assert.Equal(t, []Settlement{Acknowledged}, *settled[2].Load())
		select {
		case <-all[2].ended:
			t.Fatal("it is settled before the one that is refused")
		default:
		}
		close(stop)
		synctest.Wait()
		assert.Equal(t, []Settlement{Abandoned}, *settled[1].Load())
	})
}
