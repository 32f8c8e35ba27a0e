package delivery

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/multierr"
)

var (
	errTemporary = errors.New("memory is short")
	errPermanent = consumererror.NewPermanent(errors.New("mapping conflict"))
)

// pipeline decides by the numbers of the items that it is offered.
type pipeline struct {
	decide func(ctx context.Context, call int, items []int) error

	calls    [][]int
	accepted map[int]int
}

func (p *pipeline) consume(ctx context.Context, from, to int) error {
	items := numbers(from, to)
	p.calls = append(p.calls, items)
	err := p.decide(ctx, len(p.calls)-1, items)
	if err == nil {
		for _, item := range items {
			if p.accepted == nil {
				p.accepted = map[int]int{}
			}
			p.accepted[item]++
		}
	}
	return err
}

func numbers(from, to int) (items []int) {
	for i := from; i < to; i++ {
		items = append(items, i)
	}
	return items
}

// diary writes down what an Observer is told.
type diary struct {
	mu         sync.Mutex
	pushedBack []error
	lasted     []time.Duration
	waits      []time.Duration
	resumed    []time.Duration
}

func (d *diary) PushedBack(_ context.Context, lasted time.Duration, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pushedBack, d.lasted = append(d.pushedBack, err), append(d.lasted, lasted)
}

func (d *diary) Waited(_ context.Context, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waits = append(d.waits, wait)
}

func (d *diary) Resumed(_ context.Context, after time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resumed = append(d.resumed, after)
}

// deliver offers a batch of n items, and writes down what the observer is told.
func (p *pipeline) deliver(ctx context.Context, stop <-chan struct{}, n int) (settlements []Settlement, seen *diary, err error) {
	seen = &diary{}
	deliverer := Deliverer{Observer: seen, Retry: configretry.BackOffConfig{
		InitialInterval: 100 * time.Millisecond, MaxInterval: 30 * time.Second, Multiplier: 1.5, RandomizationFactor: 0.5,
	}}
	settlements, err = deliverer.Deliver(ctx, stop, n, p.consume)
	return settlements, seen, err
}

func TestDeliverGivesABatchInOneCall(t *testing.T) {
	t.Parallel()
	p := &pipeline{decide: func(context.Context, int, []int) error { return nil }}
	settlements, _, _ := p.deliver(t.Context(), nil, 5)
	assert.Equal(t, slices.Repeat([]Settlement{Acknowledged}, 5), settlements)
	assert.Equal(t, [][]int{{0, 1, 2, 3, 4}}, p.calls)
}

func TestDeliverOfNothingCallsNobody(t *testing.T) {
	t.Parallel()
	p := &pipeline{decide: func(context.Context, int, []int) error { return nil }}
	settlements, _, _ := p.deliver(t.Context(), nil, 0)
	assert.Empty(t, settlements)
	assert.Empty(t, p.calls)
}

func TestDeliverKeepsABatchThatIsRefusedTemporarily(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
	}{
		{"plain", errTemporary},
		{"one branch of a fan-out temporarily", multierr.Append(errPermanent, errTemporary)},
		{"the other branch first", errors.Join(errTemporary, errPermanent)},
		{"cancelled by something of its own", context.Canceled},
		{"deadline of an exporter passed by", context.DeadlineExceeded},
		{"only a part of the data said to fail", consumererror.NewLogs(errTemporary, plog.NewLogs())},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const refusals = 40 // hours of them
				p := &pipeline{decide: func(_ context.Context, call int, _ []int) error {
					if call < refusals {
						return test.err
					}
					return nil
				}}
				start := time.Now()
				settlements, seen, err := p.deliver(t.Context(), nil, 3)
				require.NoError(t, err)

				assert.Equal(t, []Settlement{Acknowledged, Acknowledged, Acknowledged}, settlements)
				require.Len(t, p.calls, refusals+1)
				for _, call := range p.calls {
					require.Equal(t, []int{0, 1, 2}, call, "the same batch, whole")
				}
				require.Len(t, seen.pushedBack, refusals)
				require.ErrorIs(t, seen.pushedBack[0], test.err)
				require.Len(t, seen.waits, refusals)
				assert.Zero(t, seen.lasted[0])
				assert.Equal(t, seen.waits[0]+seen.waits[1], seen.lasted[2])
				assert.InDelta(t, 100*time.Millisecond, seen.waits[0], float64(50*time.Millisecond+1))
				for _, wait := range seen.waits {
					require.LessOrEqual(t, wait, 45*time.Second+1, "the greatest interval and its jitter")
				}
				assert.Greater(t, seen.waits[refusals-1], 14*time.Second)
				distinct := slices.Compact(slices.Sorted(slices.Values(seen.waits[20:])))
				assert.Greater(t, len(distinct), 10, "waits are jittered")
				assert.Equal(t, []time.Duration{time.Since(start)}, seen.resumed)
			})
		})
	}
}

func TestDeliverBisectsABatchThatIsRefusedPermanently(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		size    int
		refused []int
	}{
		{"the only one", 1, []int{0}},
		{"the first", 8, []int{0}},
		{"the last of an odd", 7, []int{6}},
		{"one of five hundred", 500, []int{377}},
		{"neighbours", 9, []int{4, 5}},
		{"far apart", 100, []int{0, 50, 99}},
		{"all", 6, []int{0, 1, 2, 3, 4, 5}},
		{"every third of eleven", 11, []int{2, 5, 8}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := &pipeline{decide: func(_ context.Context, _ int, items []int) error {
				for _, id := range items {
					if slices.Contains(test.refused, id) {
						return multierr.Append(errPermanent, errPermanent)
					}
				}
				return nil
			}}
			settlements, _, err := p.deliver(t.Context(), nil, test.size)
			require.ErrorContains(t, err, "mapping conflict")
			require.Len(t, settlements, test.size)
			for i, settlement := range settlements {
				if slices.Contains(test.refused, i) {
					require.Equal(t, Rejected, settlement, "record %d", i)
					require.Zero(t, p.accepted[i])
				} else {
					require.Equal(t, Acknowledged, settlement, "record %d", i)
					require.Equal(t, 1, p.accepted[i])
				}
			}
			assert.LessOrEqual(t, len(p.calls), 2*test.size-1)
			if len(test.refused) == 1 {
				assert.LessOrEqual(t, len(p.calls), 20, "a halving, not a walk")
			}
		})
	}
}

func TestDeliverRetriesInTheMiddleOfABisection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tries := map[int]int{}
		p := &pipeline{decide: func(_ context.Context, _ int, items []int) error {
			switch {
			case slices.Contains(items, 2): // permanently
				return errPermanent
			case slices.Contains(items, 3): // temporarily, three times
				tries[3]++
				if tries[3] <= 3 {
					return errTemporary
				}
			}
			return nil
		}}
		settlements, seen, err := p.deliver(t.Context(), nil, 4)
		require.ErrorIs(t, err, errPermanent)
		assert.Equal(t, []Settlement{Acknowledged, Acknowledged, Rejected, Acknowledged}, settlements)
		assert.Len(t, seen.pushedBack, 3)
		assert.Equal(t, map[int]int{0: 1, 1: 1, 3: 1}, p.accepted)
	})
}

func TestDeliverIsAbandonedWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		result func(context.Context) error
	}{
		{"error of the context", func(ctx context.Context) error { return ctx.Err() }},
		{"error that says permanent", func(context.Context) error { return errPermanent }},
	} {
		t.Run("during a call, "+test.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			p := &pipeline{decide: func(callCtx context.Context, _ int, _ []int) error {
				cancel()
				<-callCtx.Done() // the call in flight is cancelled
				return test.result(callCtx)
			}}
			settlements, _, _ := p.deliver(ctx, nil, 1)
			assert.Equal(t, []Settlement{Abandoned}, settlements)
			assert.Len(t, p.calls, 1)
		})
	}

	t.Run("during a wait", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			p := &pipeline{decide: func(context.Context, int, []int) error { return errTemporary }}
			start := time.Now()
			settlements, _, _ := p.deliver(ctx, nil, 2)
			assert.Equal(t, []Settlement{Abandoned, Abandoned}, settlements)
			assert.Equal(t, time.Hour, time.Since(start), "to the moment, not to the end of a wait")
		})
	})

	t.Run("after the call succeeded", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		p := &pipeline{decide: func(context.Context, int, []int) error { cancel(); return nil }}
		settlements, _, _ := p.deliver(ctx, nil, 1)
		assert.Equal(t, []Settlement{Acknowledged}, settlements)
	})
}

func TestDeliverStops(t *testing.T) {
	t.Parallel()
	t.Run("before anything is tried", func(t *testing.T) {
		t.Parallel()
		stop := make(chan struct{})
		close(stop)
		p := &pipeline{decide: func(context.Context, int, []int) error { return nil }}
		settlements, _, _ := p.deliver(t.Context(), stop, 2)
		assert.Equal(t, []Settlement{Abandoned, Abandoned}, settlements)
		assert.Empty(t, p.calls)
	})

	t.Run("during a call, which may finish", func(t *testing.T) {
		t.Parallel()
		stop := make(chan struct{})
		p := &pipeline{decide: func(ctx context.Context, _ int, _ []int) error { close(stop); return ctx.Err() }}
		settlements, _, _ := p.deliver(t.Context(), stop, 2)
		assert.Equal(t, []Settlement{Acknowledged, Acknowledged}, settlements)
	})

	t.Run("during a wait", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			stop := make(chan struct{})
			time.AfterFunc(time.Minute, func() { close(stop) })
			p := &pipeline{decide: func(context.Context, int, []int) error { return errTemporary }}
			start := time.Now()
			settlements, _, _ := p.deliver(t.Context(), stop, 2)
			assert.Equal(t, []Settlement{Abandoned, Abandoned}, settlements)
			assert.Equal(t, time.Minute, time.Since(start))
		})
	})

	t.Run("in a bisection, which keeps what it knows", func(t *testing.T) {
		t.Parallel()
		stop := make(chan struct{})
		p := &pipeline{decide: func(_ context.Context, call int, _ []int) error {
			switch call {
			case 0: // all four
				return errPermanent
			case 1: // the first half, and the end comes
				close(stop)
				return nil
			default:
				return errPermanent
			}
		}}
		settlements, _, _ := p.deliver(t.Context(), stop, 4)
		assert.Equal(t, []Settlement{Acknowledged, Acknowledged, Abandoned, Abandoned}, settlements)
	})
}
