package delivery

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQueueTakesAllThatCameMeanwhile(t *testing.T) {
	t.Parallel()
	queue := NewQueue(1, func(*int) int { return 1 })
	for i := range 7 {
		queue.Put(i)
	}

	for _, want := range [][]int{{0, 1, 2}, {3, 4, 5}, {6}} {
		batch, err := queue.Take(t.Context(), 3)
		require.NoError(t, err)
		assert.Equal(t, want, batch.Items)
		batch.Items = append(batch.Items, 99) // the batch belongs to the caller, what is left does not
		queue.Done(batch)
	}
	queue.Put(7)
	batch, err := queue.Take(t.Context(), 3)
	require.NoError(t, err)
	assert.Equal(t, []int{7}, batch.Items)
}

func TestQueueAllocatesNothingForLong(t *testing.T) {
	queue := NewQueue(1, func(*int) int { return 1 })
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for i := range 500 {
			queue.Put(i)
		}
		for _, limit := range []int{200, 500} {
			batch, err := queue.Take(t.Context(), limit)
			if err != nil {
				t.Error(err)
			}
			queue.Done(batch)
		}
	}))
}

// Large items make small batches: what is made of them is in memory at the same time.
func TestQueueBoundsTheBytesOfABatch(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for batches, want := range map[int][][]int{
		1: {{mib, 7 * mib}, {1}, {16 * mib}, {4 * mib, 4 * mib}, {4 * mib}},
		4: {{mib}, {7 * mib}, {1}, {16 * mib}, {4 * mib}, {4 * mib}, {4 * mib}},
	} {
		queue := NewQueue(batches, func(size *int) int { return *size })
		for _, size := range []int{mib, 7 * mib, 1, 16 * mib, 4 * mib, 4 * mib, 4 * mib} {
			queue.Put(size)
		}
		for _, want := range want {
			batch, err := queue.Take(t.Context(), 100)
			require.NoError(t, err)
			assert.Equal(t, want, batch.Items)
			queue.Done(batch)
		}
	}
}

// Batches that are under way at the same time have no more together than one that is alone, but for an item that is larger by itself.
func TestQueueBoundsTheBytesUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const mib = 1 << 20
		queue := NewQueue(4, func(size *int) int { return *size })
		for _, size := range []int{5 * mib, 2 * mib, 2 * mib, 20 * mib, mib} {
			queue.Put(size)
		}
		taken := make(chan *Batch[int])
		go func() {
			for range 5 {
				batch, err := queue.Take(t.Context(), 100)
				assert.NoError(t, err)
				taken <- batch
			}
		}()
		first, second := <-taken, <-taken
		assert.Equal(t, [][]int{{5 * mib}, {2 * mib}}, [][]int{first.Items, second.Items})
		takesNone := func() {
			synctest.Wait()
			select {
			case batch := <-taken:
				t.Fatalf("%d are taken: there is no room", batch.Items)
			default:
			}
		}
		takesNone()
		queue.Done(second)
		third := <-taken
		assert.Equal(t, []int{2 * mib}, third.Items)
		takesNone() // the next has no room beside another
		queue.Done(first)
		takesNone()
		queue.Done(third)
		fourth := <-taken
		assert.Equal(t, []int{20 * mib}, fourth.Items)
		takesNone()
		queue.Done(fourth)
		assert.Equal(t, []int{mib}, (<-taken).Items)
	})
}

// A batch is kept in memory until it is done, and no longer.
func TestQueueForgetsWhatIsDone(t *testing.T) {
	t.Parallel()
	queue := NewQueue(1, func(**[64]byte) int { return 1 })
	collected := make(chan struct{})
	put := func() {
		item := new([64]byte)
		runtime.AddCleanup(item, func(int) { close(collected) }, 0)
		queue.Put(item)
	}
	put()
	queue.Put(new([64]byte))
	batch, err := queue.Take(t.Context(), 1)
	require.NoError(t, err)
	queue.Done(batch)
	for {
		runtime.GC()
		select {
		case <-collected:
			runtime.KeepAlive(queue)
			return
		case <-t.Context().Done():
			t.Fatal("it is still in memory")
		default:
		}
	}
}

func TestQueueHandsOverALoneItemAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		queue := NewQueue(1, func(*string) int { return 1 })
		taken := make(chan []string)
		go func() {
			batch, err := queue.Take(t.Context(), 500)
			assert.NoError(t, err)
			taken <- batch.Items
		}()
		synctest.Wait()
		queue.Put("only")
		// Were there a timer, time would have to pass in the bubble for it.
		synctest.Wait()
		select {
		case batch := <-taken:
			assert.Equal(t, []string{"only"}, batch)
		default:
			t.Fatal("the item waits for something")
		}
	})
}

func TestQueueTakeEndsWithItsContextAndTakesNothing(t *testing.T) {
	t.Parallel()
	queue := NewQueue(1, func(*int) int { return 1 })
	ctx, cancel := context.WithCancel(t.Context())

	ended := make(chan error)
	go func() {
		_, err := queue.Take(ctx, 10)
		ended <- err
	}()
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)

	queue.Put(1)
	_, err := queue.Take(ctx, 10)
	require.ErrorIs(t, err, context.Canceled)
	batch, err := queue.Take(t.Context(), 10)
	require.NoError(t, err)
	assert.Equal(t, []int{1}, batch.Items)
}

func TestQueueLosesNothingUnderConcurrency(t *testing.T) {
	t.Parallel()
	const putters, each, limit = 8, 2000, 50
	queue := NewQueue(1, func(*[2]int) int { return 1 })
	var wg sync.WaitGroup
	for putter := range putters {
		wg.Go(func() {
			for i := range each {
				queue.Put([2]int{putter, i})
			}
		})
	}

	next := make([]int, putters)
	for total := 0; total < putters*each; {
		batch, err := queue.Take(t.Context(), limit)
		require.NoError(t, err)
		require.NotEmpty(t, batch.Items)
		require.LessOrEqual(t, len(batch.Items), limit)
		for _, item := range batch.Items {
			require.Equal(t, next[item[0]], item[1], "order of putter %d", item[0])
			next[item[0]]++
		}
		total += len(batch.Items)
		queue.Done(batch)
	}
	wg.Wait()
}

// Several take at the same time: each item comes once, in the order of the turns.
func TestQueueGivesTurnsInTheOrderOfTheItems(t *testing.T) {
	t.Parallel()
	const takers, count = 4, 20_000
	queue := NewQueue(takers, func(*int) int { return 1 })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	var seen []int // guarded by the turns alone
	for range takers {
		wg.Go(func() {
			for {
				batch, err := queue.Take(ctx, 7)
				if err != nil {
					return
				}
				batch.Turn.Await(ctx, nil)
				seen = append(seen, batch.Items...)
				if len(seen) == count {
					cancel()
				}
				queue.Done(batch)
			}
		})
	}
	for i := range count {
		queue.Put(i)
	}
	wg.Wait()
	require.Equal(t, numbers(0, count), seen)
}
