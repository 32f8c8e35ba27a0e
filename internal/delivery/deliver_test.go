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
	errForNow  = errors.New("memory is short")
	errForGood = consumererror.NewPermanent(errors.New("mapping conflict"))
)

// pipeline decides by the ids of the records it is given, and keeps what it was given.
type pipeline struct {
	decide func(ctx context.Context, call int, ids []int64) error

	mu       sync.Mutex
	calls    [][]int64
	accepted map[int64]int
	kept     []plog.Logs
}

func (p *pipeline) consume(ctx context.Context, logs plog.Logs) error {
	ids := idsOf(logs)
	p.mu.Lock()
	call := len(p.calls)
	p.calls = append(p.calls, ids)
	p.kept = append(p.kept, logs)
	p.mu.Unlock()

	err := p.decide(ctx, call, ids)
	// A consumer may do with its data what it wants, also when it then fails.
	logs.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { return true })

	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		for _, id := range ids {
			if p.accepted == nil {
				p.accepted = map[int64]int{}
			}
			p.accepted[id]++
		}
	}
	return err
}

func build(batch []int64) plog.Logs {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, id := range batch {
		records.AppendEmpty().Body().SetInt(id)
	}
	return logs
}

func idsOf(logs plog.Logs) []int64 {
	var ids []int64
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				ids = append(ids, record.Body().Int())
			}
		}
	}
	return ids
}

// diary writes down what an Observer is told.
type diary struct {
	pushedBack []error
	heldFor    []time.Duration
	waits      []time.Duration
	resumed    []time.Duration
}

func (d *diary) PushedBack(_ context.Context, heldFor time.Duration, err error) {
	d.pushedBack, d.heldFor = append(d.pushedBack, err), append(d.heldFor, heldFor)
}
func (d *diary) Waited(_ context.Context, wait time.Duration)   { d.waits = append(d.waits, wait) }
func (d *diary) Resumed(_ context.Context, after time.Duration) { d.resumed = append(d.resumed, after) }

func newDeliverer(p *pipeline, observer Observer) *Deliverer[int64] {
	return &Deliverer[int64]{
		Build:   build,
		Consume: p.consume,
		Retry: configretry.BackOffConfig{
			InitialInterval: 100 * time.Millisecond, MaxInterval: 30 * time.Second, Multiplier: 1.5, RandomizationFactor: 0.5,
		},
		Observer: observer,
	}
}

func numbers(n int64) []int64 {
	batch := make([]int64, n)
	for i := range batch {
		batch[i] = int64(i)
	}
	return batch
}

func verdicts(outcomes []Outcome) []Verdict {
	result := make([]Verdict, len(outcomes))
	for i, outcome := range outcomes {
		result[i] = outcome.Verdict
	}
	return result
}

func TestDeliverGivesABatchInOneCall(t *testing.T) {
	t.Parallel()
	p := &pipeline{decide: func(context.Context, int, []int64) error { return nil }}
	outcomes := newDeliverer(p, &diary{}).Deliver(t.Context(), nil, numbers(5))
	assert.Equal(t, slices.Repeat([]Verdict{Accepted}, 5), verdicts(outcomes))
	assert.Equal(t, [][]int64{{0, 1, 2, 3, 4}}, p.calls)
}

func TestDeliverOfNothingCallsNobody(t *testing.T) {
	t.Parallel()
	p := &pipeline{decide: func(context.Context, int, []int64) error { return nil }}
	assert.Empty(t, newDeliverer(p, &diary{}).Deliver(t.Context(), nil, nil))
	assert.Empty(t, p.calls)
}

func TestDeliverHoldsABatchThatIsRefusedForNow(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"plain":                                errForNow,
		"one branch of a fan-out for now":      multierr.Append(errForGood, errForNow),
		"the other branch first":               errors.Join(errForNow, errForGood),
		"cancelled by something of its own":    context.Canceled,
		"deadline of an exporter passed by":    context.DeadlineExceeded,
		"only a part of the data said to fail": consumererror.NewLogs(errForNow, build([]int64{1})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const refusals = 40 // hours of them
				p := &pipeline{decide: func(_ context.Context, call int, _ []int64) error {
					if call < refusals {
						return err
					}
					return nil
				}}
				var seen diary
				start := time.Now()
				outcomes := newDeliverer(p, &seen).Deliver(t.Context(), nil, numbers(3))

				assert.Equal(t, []Verdict{Accepted, Accepted, Accepted}, verdicts(outcomes))
				require.Len(t, p.calls, refusals+1)
				for _, call := range p.calls {
					require.Equal(t, []int64{0, 1, 2}, call, "the same batch, whole, built anew")
				}
				require.Len(t, seen.pushedBack, refusals)
				require.ErrorIs(t, seen.pushedBack[0], err)
				require.Len(t, seen.waits, refusals)
				assert.Zero(t, seen.heldFor[0])
				assert.Equal(t, seen.waits[0]+seen.waits[1], seen.heldFor[2])
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

func TestDeliverBisectsABatchThatIsRefusedForGood(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		size    int64
		refused []int64
	}{
		"the only one":          {1, []int64{0}},
		"the first":             {8, []int64{0}},
		"the last of an odd":    {7, []int64{6}},
		"one of five hundred":   {500, []int64{377}},
		"neighbours":            {9, []int64{4, 5}},
		"far apart":             {100, []int64{0, 50, 99}},
		"all":                   {6, []int64{0, 1, 2, 3, 4, 5}},
		"every third of eleven": {11, []int64{2, 5, 8}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &pipeline{decide: func(_ context.Context, _ int, ids []int64) error {
				for _, id := range ids {
					if slices.Contains(tt.refused, id) {
						return multierr.Append(errForGood, errForGood)
					}
				}
				return nil
			}}
			outcomes := newDeliverer(p, &diary{}).Deliver(t.Context(), nil, numbers(tt.size))
			require.Len(t, outcomes, int(tt.size))
			for i, outcome := range outcomes {
				if slices.Contains(tt.refused, int64(i)) {
					require.Equal(t, Refused, outcome.Verdict, "record %d", i)
					require.ErrorContains(t, outcome.Err, "mapping conflict")
					require.Zero(t, p.accepted[int64(i)])
				} else {
					require.Equal(t, Outcome{Verdict: Accepted}, outcome, "record %d", i)
					require.Equal(t, 1, p.accepted[int64(i)])
				}
			}
			assert.LessOrEqual(t, len(p.calls), 2*int(tt.size)-1)
			if len(tt.refused) == 1 {
				assert.LessOrEqual(t, len(p.calls), 20, "a halving, not a walk")
			}
		})
	}
}

func TestDeliverHoldsInTheMiddleOfABisection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tries := map[int64]int{}
		p := &pipeline{decide: func(_ context.Context, _ int, ids []int64) error {
			switch {
			case slices.Contains(ids, 2): // for good
				return errForGood
			case slices.Contains(ids, 3): // for now, three times
				tries[3]++
				if tries[3] <= 3 {
					return errForNow
				}
			}
			return nil
		}}
		var seen diary
		outcomes := newDeliverer(p, &seen).Deliver(t.Context(), nil, numbers(4))
		assert.Equal(t, []Verdict{Accepted, Accepted, Refused, Accepted}, verdicts(outcomes))
		assert.Len(t, seen.pushedBack, 3)
		assert.Equal(t, map[int64]int{0: 1, 1: 1, 3: 1}, p.accepted)
	})
}

func TestDeliverIsAbandonedWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	for name, result := range map[string]func(context.Context) error{
		"error of the context":      func(ctx context.Context) error { return ctx.Err() },
		"error that says permanent": func(context.Context) error { return errForGood },
	} {
		t.Run("during a call, "+name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			p := &pipeline{decide: func(callCtx context.Context, _ int, _ []int64) error {
				cancel()
				<-callCtx.Done() // the call in flight is cancelled
				return result(callCtx)
			}}
			outcomes := newDeliverer(p, &diary{}).Deliver(ctx, nil, numbers(1))
			assert.Equal(t, []Verdict{Pending}, verdicts(outcomes))
			assert.Len(t, p.calls, 1)
		})
	}

	t.Run("during a wait", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			p := &pipeline{decide: func(context.Context, int, []int64) error { return errForNow }}
			start := time.Now()
			outcomes := newDeliverer(p, &diary{}).Deliver(ctx, nil, numbers(2))
			assert.Equal(t, []Verdict{Pending, Pending}, verdicts(outcomes))
			assert.Equal(t, time.Hour, time.Since(start), "to the moment, not to the end of a wait")
		})
	})

	t.Run("after the call succeeded", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		p := &pipeline{decide: func(context.Context, int, []int64) error { cancel(); return nil }}
		outcomes := newDeliverer(p, &diary{}).Deliver(ctx, nil, numbers(1))
		assert.Equal(t, []Verdict{Accepted}, verdicts(outcomes))
	})
}

func TestDeliverStops(t *testing.T) {
	t.Parallel()
	t.Run("before anything is tried", func(t *testing.T) {
		t.Parallel()
		stop := make(chan struct{})
		close(stop)
		p := &pipeline{decide: func(context.Context, int, []int64) error { return nil }}
		outcomes := newDeliverer(p, &diary{}).Deliver(t.Context(), stop, numbers(2))
		assert.Equal(t, []Verdict{Pending, Pending}, verdicts(outcomes))
		assert.Empty(t, p.calls)
	})

	t.Run("during a call, which may finish", func(t *testing.T) {
		t.Parallel()
		stop := make(chan struct{})
		p := &pipeline{decide: func(ctx context.Context, _ int, _ []int64) error { close(stop); return ctx.Err() }}
		outcomes := newDeliverer(p, &diary{}).Deliver(t.Context(), stop, numbers(2))
		assert.Equal(t, []Verdict{Accepted, Accepted}, verdicts(outcomes))
	})

	t.Run("during a wait", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			stop := make(chan struct{})
			time.AfterFunc(time.Minute, func() { close(stop) })
			p := &pipeline{decide: func(context.Context, int, []int64) error { return errForNow }}
			start := time.Now()
			outcomes := newDeliverer(p, &diary{}).Deliver(t.Context(), stop, numbers(2))
			assert.Equal(t, []Verdict{Pending, Pending}, verdicts(outcomes))
			assert.Equal(t, time.Minute, time.Since(start))
		})
	})

	t.Run("in a bisection, which keeps what it knows", func(t *testing.T) {
		t.Parallel()
		stop := make(chan struct{})
		p := &pipeline{decide: func(_ context.Context, call int, _ []int64) error {
			switch call {
			case 0: // all four
				return errForGood
			case 1: // the first half, and the end comes
				close(stop)
				return nil
			default:
				return errForGood
			}
		}}
		outcomes := newDeliverer(p, &diary{}).Deliver(t.Context(), stop, numbers(4))
		assert.Equal(t, []Verdict{Accepted, Accepted, Pending, Pending}, verdicts(outcomes))
	})
}

func TestDeliverBuildsAnewForEachCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipeline{decide: func(_ context.Context, call int, _ []int64) error {
			if call < 3 {
				return errForNow
			}
			return nil
		}}
		newDeliverer(p, &diary{}).Deliver(t.Context(), nil, numbers(2))
		require.Len(t, p.kept, 4)
		for i := range p.kept {
			for j := range i {
				same := p.kept[i] == p.kept[j] // the same pointers; equal contents are no fault
				assert.False(t, same, "calls %d and %d share their data", i, j)
			}
		}
	})
}
