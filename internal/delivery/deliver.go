package delivery

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v7"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Verdict says what became of a message, and so how its source has to settle it.
type Verdict uint8

const (
	// Pending: not decided. The delivery was abandoned; the message stays unsettled, so that its source brings it again.
	Pending Verdict = iota
	// Accepted: the pipeline took the record.
	Accepted
	// Refused: the pipeline refused this very record, for good.
	Refused
)

// Observer is told how deliveries go, for metrics and logs. It is called by the goroutine that delivers, must not block
// and must be safe for as many goroutines as deliver.
type Observer interface {
	// PushedBack is called each time the pipeline refused a batch for now, before the wait for the next try. heldFor is the
	// time since it did so first.
	PushedBack(ctx context.Context, heldFor time.Duration, err error)
	// Waited is called after that wait with how long it really took.
	Waited(ctx context.Context, duration time.Duration)
	// Resumed is called when the pipeline no longer pushes back: it accepted the batch, or refused it for good.
	Resumed(ctx context.Context, heldFor time.Duration)
}

// Deliverer gives batches of T to a pipeline. Its fields must not be changed once it is in use; it is safe for concurrent
// use if they are.
type Deliverer[T any] struct {
	// Build makes the records of a batch, or of any part of one. It is called anew for each call of Consume: a consumer
	// may change or keep what it was given.
	Build func(batch []T) plog.Logs
	// Consume is the ConsumeLogs of the next component.
	Consume func(ctx context.Context, logs plog.Logs) error
	// Retry spaces the tries while the pipeline refuses for now. Enabled and MaxElapsedTime are not looked at: a
	// batch is given up only when its context or the receiver ends.
	Retry configretry.BackOffConfig
	// Observer must not be nil.
	Observer Observer
}

// Outcome is the verdict on one message of a batch.
type Outcome struct {
	Verdict Verdict
	// Err is why the pipeline refused the record; nil unless it was refused.
	Err error
}

// Deliver gives the batch to the pipeline and returns the outcome of each of its items, in order.
//
//   - No error: all are accepted.
//   - An error with any cause that is not permanent: the same batch is held and tried again, for ever.
//   - Only permanent causes: the batch is halved until the records that the pipeline refuses stand alone, so that none
//     takes its neighbours along. What was accepted before in a part that failed is offered again (at least once).
//
// When ctx ends, the call of Consume under way is cancelled and what is not decided stays Pending. When stop is closed, a
// call under way may finish, and its result counts, but nothing is tried after it.
func (d *Deliverer[T]) Deliver(ctx context.Context, stop <-chan struct{}, batch []T) []Outcome {
	outcomes := make([]Outcome, len(batch))
	d.part(ctx, stop, batch, outcomes)
	return outcomes
}

func (d *Deliverer[T]) part(ctx context.Context, stop <-chan struct{}, batch []T, outcomes []Outcome) {
	if len(batch) == 0 {
		return
	}
	err := d.insist(ctx, stop, batch)
	switch {
	case err == nil:
		for i := range outcomes {
			outcomes[i] = Outcome{Verdict: Accepted}
		}
	case errors.Is(err, errAbandoned):
	case len(batch) == 1:
		outcomes[0] = Outcome{Verdict: Refused, Err: err}
	default:
		middle := len(batch) / 2
		d.part(ctx, stop, batch[:middle], outcomes[:middle])
		d.part(ctx, stop, batch[middle:], outcomes[middle:])
	}
}

// errAbandoned ends the tries of a batch about which nothing is decided.
var errAbandoned = errors.New("abandoned")

// insist offers the batch until the pipeline decides: it returns nil, a permanent error, or errAbandoned.
func (d *Deliverer[T]) insist(ctx context.Context, stop <-chan struct{}, batch []T) error {
	var (
		waits *backoff.ExponentialBackOff
		since time.Time
	)
	for {
		if ended(ctx, stop) {
			return errAbandoned
		}
		err := d.Consume(ctx, d.Build(batch))
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
		wait(ctx, stop, waits.NextBackOff())
		d.Observer.Waited(ctx, time.Since(before))
	}
}

func (d *Deliverer[T]) backoff() *backoff.ExponentialBackOff {
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
