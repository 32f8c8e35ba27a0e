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
	queue := NewQueue(func(*int) int { return 1 })
	for i := range 7 {
		queue.Put(i)
	}

	for _, want := range [][]int{{0, 1, 2}, {3, 4, 5}, {6}} {
		batch, err := queue.Take(t.Context(), 3)
		require.NoError(t, err)
		assert.Equal(t, want, batch)
		_ = append(batch, 99) // the batch belongs to the caller, what is left does not
	}
	queue.Put(7)
	batch, err := queue.Take(t.Context(), 3)
	require.NoError(t, err)
	assert.Equal(t, []int{7}, batch)
}

func TestQueueAllocatesNothingForLong(t *testing.T) {
	queue := NewQueue(func(*int) int { return 1 })
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for i := range 500 {
			queue.Put(i)
		}
		for _, limit := range []int{200, 500} {
			if _, err := queue.Take(t.Context(), limit); err != nil {
				t.Error(err)
			}
		}
	}))
}

// Large items make small batches: what is made of them is in memory at the same time.
func TestQueueBoundsTheBytesOfABatch(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	queue := NewQueue(func(size *int) int { return *size })
	for _, size := range []int{mib, 7 * mib, 1, 16 * mib, 4 * mib, 4 * mib, 4 * mib} {
		queue.Put(size)
	}
	for _, want := range [][]int{{mib, 7 * mib}, {1}, {16 * mib}, {4 * mib, 4 * mib}, {4 * mib}} {
		batch, err := queue.Take(t.Context(), 100)
		require.NoError(t, err)
		assert.Equal(t, want, batch)
	}
}

// A batch is kept in memory until the next one is taken, and no longer.
func TestQueueForgetsWhatWasTaken(t *testing.T) {
	t.Parallel()
	queue := NewQueue(func(**[64]byte) int { return 1 })
	collected := make(chan struct{})
	put := func() {
		item := new([64]byte)
		runtime.AddCleanup(item, func(int) { close(collected) }, 0)
		queue.Put(item)
	}
	put()
	queue.Put(new([64]byte))
	for range 2 {
		_, err := queue.Take(t.Context(), 1)
		require.NoError(t, err)
	}
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
		queue := NewQueue(func(*string) int { return 1 })
		taken := make(chan []string)
		go func() {
			batch, err := queue.Take(t.Context(), 500)
			assert.NoError(t, err)
			taken <- batch
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
	queue := NewQueue(func(*int) int { return 1 })
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
	assert.Equal(t, []int{1}, batch)
}

func TestQueueLosesNothingUnderConcurrency(t *testing.T) {
	t.Parallel()
	const putters, each, limit = 8, 2000, 50
	queue := NewQueue(func(*[2]int) int { return 1 })
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
		require.NotEmpty(t, batch)
		require.LessOrEqual(t, len(batch), limit)
		for _, item := range batch {
			require.Equal(t, next[item[0]], item[1], "order of putter %d", item[0])
			next[item[0]]++
		}
		total += len(batch)
	}
	wg.Wait()
}
