package delivery

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v7"
	"go.opentelemetry.io/collector/config/configretry"
)

// Observer is told how deliveries go, for metrics and logs. It is called by the goroutine that delivers, must not block
// and must be safe for as many goroutines as deliver.
type Observer interface {
	// PushedBack is called each time the pipeline refused a batch temporarily, before the wait for the next try. lasted is the
	// time since it did so first.
	PushedBack(ctx context.Context, lasted time.Duration, err error)
	// Waited is called after that wait with how long it really took. A batch that only waits for those before it waits unnoticed.
	Waited(ctx context.Context, duration time.Duration)
	// Resumed is called when the pipeline no longer pushes back: it accepted the batch, or refused it permanently.
	Resumed(ctx context.Context, lasted time.Duration)
}

// Deliverer offers batches to a pipeline until it decides. It is safe for concurrent use.
type Deliverer struct {
	// Retry spaces the tries while the pipeline refuses temporarily. Enabled and MaxElapsedTime have no effect: a
	// batch is given up only when its context or the receiver ends.
	Retry configretry.BackOffConfig
	// Observer must not be nil.
	Observer Observer
}

// Consume gives the items from and up to to of a batch to the next component. It makes new data for each call: a consumer may change or
// keep what it was given.
type Consume func(ctx context.Context, from, to int) error

// Deliver gives a batch of n items to the pipeline and returns the settlement of each, in order: Acknowledged, Rejected or Abandoned. The
// error is why the last of the rejected ones was refused, nil if there is none.
//
//   - No error of consume: all are acknowledged.
//   - An error with any cause that is not permanent: the same batch is kept and tried again, without end. While the batches before it
//     are not done (see [Turn]), it waits for these: of the batches that a pipeline refuses the first one alone is tried again.
//   - Only permanent causes: the batch is halved until the records that the pipeline refuses stand alone, so that none
//     takes its neighbours along. What was accepted before in a part that failed is offered again (at least once).
//
// When ctx ends, the call of consume under way is cancelled and what is not decided is abandoned. When stop is closed, a
// call under way may finish, and its result counts, but nothing is tried after it.
func (d *Deliverer) Deliver(ctx context.Context, stop <-chan struct{}, n int, consume Consume) ([]Settlement, error) {
	settlements := make([]Settlement, n)
	return settlements, d.part(ctx, stop, 0, consume, settlements)
}

// part delivers the items for which there are settlements, the first of which is number from.
func (d *Deliverer) part(ctx context.Context, stop <-chan struct{}, from int, consume Consume, settlements []Settlement) error {
	n := len(settlements)
	if n == 0 {
		return nil
	}
	err := d.insist(ctx, stop, func(ctx context.Context) error { return consume(ctx, from, from+n) })
	switch {
	case err == nil:
		for i := range settlements {
			settlements[i] = Acknowledged
		}
		return nil
	case errors.Is(err, errAbandoned):
		return nil
	case n == 1:
		settlements[0] = Rejected
		return err
	default:
		first := d.part(ctx, stop, from, consume, settlements[:n/2])
		second := d.part(ctx, stop, from+n/2, consume, settlements[n/2:])
		return cmp.Or(second, first)
	}
}

// errAbandoned ends the tries of a batch about which nothing is decided.
var errAbandoned = errors.New("abandoned")

// insist calls consume until the pipeline decides: it returns nil, a permanent error, or errAbandoned.
func (d *Deliverer) insist(ctx context.Context, stop <-chan struct{}, consume func(context.Context) error) error {
	var (
		turn  = turnOf(ctx)
		waits *backoff.ExponentialBackOff
		since time.Time
	)
	for {
		if ended(ctx, stop) {
			return errAbandoned
		}
		err := consume(ctx)
		if err != nil && ctx.Err() != nil {
			return errAbandoned // whatever a cancelled call says, it is not about the records
		}
		if err == nil || Permanent(err) {
			if waits != nil {
				d.Observer.Resumed(ctx, time.Since(since))
			}
			return err
		}
		if waits == nil {
			waits, since = d.backoff(), time.Now()
		}
		before := time.Now()
		d.Observer.PushedBack(ctx, before.Sub(since), err)
		if turn.predecessor() != nil {
			turn.Await(ctx, stop)
			continue
		}
		wait(ctx, stop, waits.NextBackOff())
		d.Observer.Waited(ctx, time.Since(before))
	}
}

func (d *Deliverer) backoff() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval:     d.Retry.InitialInterval,
		RandomizationFactor: d.Retry.RandomizationFactor,
		Multiplier:          d.Retry.Multiplier,
		MaxInterval:         d.Retry.MaxInterval,
	}
}

func ended(ctx context.Context, stop <-chan struct{}) bool {
	select {
	case <-ctx.Done():
		return true
	case <-stop:
		return true
	default:
		return false
	}
}

// wait returns after the duration, or as soon as ctx or stop ends.
func wait(ctx context.Context, stop <-chan struct{}, duration time.Duration) {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-stop:
	case <-timer.C:
	}
}
