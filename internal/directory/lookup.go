package directory

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// flight is one lookup, however many wait for it.
type flight struct {
	ref  keystone.Ref
	key  key
	done chan struct{}
	// started is the Unix time in nanoseconds at which a worker took it, 0 before.
	started atomic.Int64
	// result is set before done is closed.
	result Result
	queued time.Time
}

// kindState switches a kind off while our role does not allow it.
type kindState struct {
	enabled bool
	refused atomic.Int32 // 403 answers in a row
	offTill atomic.Int64 // Unix seconds
	warned  atomic.Bool
	// allowed: Keystone told us of one. A 403 is about one thing then, as of a domain where we have no role.
	allowed atomic.Bool
}

const (
	// refusalsToOff is how many things of a kind in a row Keystone must refuse that never told us of one.
	refusalsToOff = 3
	// kindOffTime is how long Keystone is not asked again for what it refused: a kind, or one thing of a kind that is allowed.
	kindOffTime = 10 * time.Minute
)

// allow takes in that Keystone told us of one.
func (s *kindState) allow() {
	s.refused.Store(0)
	s.offTill.Store(0)
	if !s.allowed.Swap(true) {
		s.warned.Store(false)
	}
}

func (s *kindState) off(now time.Time) bool { return now.Unix() < s.offTill.Load() }

// board joins the lookup that is under way, or queues one. nil: there are too many.
func (d *Directory) board(ref keystone.Ref, k key) *flight {
	d.flights.Lock()
	defer d.flights.Unlock()
	if f, found := d.flights.byKey[k]; found {
		return f
	}
	f := &flight{ref: ref, key: k, done: make(chan struct{}), queued: d.now()}
	select {
	case d.queue <- f:
		d.flights.byKey[k] = f
		return f
	default:
		return nil
	}
}

func (d *Directory) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-d.queue:
			d.fly(ctx, f)
		}
	}
}

func (d *Directory) fly(ctx context.Context, f *flight) {
	started := d.now()
	f.started.Store(started.UnixNano())
	defer func() {
		d.flights.Lock()
		delete(d.flights.byKey, f.key)
		d.flights.Unlock()
		close(f.done)
	}()
	if !d.breaker.allow(started) {
		f.result = Unavailable
		return
	}
	entity, err := d.settings.Identity.Get(ctx, f.ref)
	f.result = d.digest(f, entity, err, started)
	if d.now().Sub(f.queued) < d.settings.Wait {
		d.slowUntil.Store(0)
	}
}

// digest takes an answer in and says what it was.
func (d *Directory) digest(f *flight, entity keystone.Entity, err error, started time.Time) Result {
	reason := keystone.Reason(0)
	if err != nil {
		reason = keystone.ReasonOf(err)
	}
	switch reason {
	case keystone.Unavailable, keystone.Unexpected:
		if d.breaker.fail(d.now(), keystone.RetryAfterOf(err)) {
			d.logger.Warn("Keystone gives no answers: known names are used, other ids stay without", zap.Error(err))
		}
	case keystone.Unauthorized:
		// The login says so itself; it was an answer of Keystone, though.
		d.breaker.succeed()
	default:
		if d.breaker.succeed() {
			d.logger.Info("Keystone answers again")
		}
	}
	kind := &d.kinds[f.ref.Kind]
	switch reason {
	case 0:
		kind.allow()
		d.found(f.ref.Kind, entity, started)
		return Found
	case keystone.Absent:
		kind.refused.Store(0)
		d.absent(f.key)
		return Absent
	case keystone.Forbidden:
		d.refused(f, err)
		return Forbidden
	case keystone.Unauthorized:
		return Unauthorized
	case keystone.Unexpected:
		return Unexpected
	default:
		return Unavailable
	}
}

// found takes in what Keystone said at a time.
func (d *Directory) found(kind keystone.Kind, entity keystone.Entity, started time.Time) {
	if entity.Name == "" || len(entity.Name) > maxNameBytes {
		return
	}
	fresh := entry{
		name: entity.Name, domain: d.table.domainIndex(entity.DomainID),
		since: seconds(started), until: later(seconds(started), d.settings.TTL), state: live,
	}
	d.table.change(keyOf(kind, entity.ID), func(known entry) entry {
		switch {
		case known.state.gone() && known.since >= fresh.since:
			// It was deleted while Keystone answered.
			known.name, known.domain, known.state = fresh.name, fresh.domain, deleted
			return known
		case known.named() && known.since > fresh.since:
			return known // a list takes its time: what was said since it began is newer
		default:
			return fresh
		}
	})
	if kind == keystone.Project && entity.IsDomain {
		d.found(keystone.Domain, keystone.Entity{ID: entity.ID, Name: entity.Name}, started)
	}
}

// absent takes in that Keystone has no such thing: one that had a name was deleted.
func (d *Directory) absent(k key) {
	now := seconds(d.now())
	d.table.change(k, func(known entry) entry {
		switch {
		case known.state.gone():
			return known
		case known.named():
			return d.tombstone(known, now)
		default:
			return entry{since: now, until: later(now, d.settings.NegativeTTL), state: absent}
		}
	})
}

func (d *Directory) tombstone(e entry, now uint32) entry {
	if e.state == learned {
		e.state = hearsay
	} else {
		e.state = deleted
	}
	e.since, e.until = now, later(now, d.settings.TombstoneTTL)
	return e
}

// refused takes in a 403, and switches the kind off when it is not about one thing.
func (d *Directory) refused(f *flight, err error) {
	now := d.now()
	kind := &d.kinds[f.ref.Kind]
	allowed := kind.allowed.Load()
	until := later(seconds(now), d.settings.NegativeTTL)
	if allowed {
		until = max(until, later(seconds(now), kindOffTime))
	}
	d.table.change(f.key, func(known entry) entry {
		switch {
		case known.state.gone():
		case known.named():
			known.until = until
		default:
			known = entry{since: seconds(now), until: until, state: forbidden}
		}
		return known
	})
	const remedy = "the user has the role reader on the system (openstack role add --user <user> --system all reader)"
	switch {
	case allowed:
		if !kind.warned.Swap(true) {
			d.logger.Warn("Keystone lets us look up some things of a kind and not others, as of other domains: those stay without names until "+remedy,
				zap.String("kind", f.ref.Kind.String()), zap.Duration("retried_after", kindOffTime), zap.Error(err))
		}
	case kind.refused.Add(1) >= refusalsToOff:
		kind.offTill.Store(now.Add(kindOffTime).Unix())
		if !kind.warned.Swap(true) {
			d.logger.Warn("Keystone does not let us look up a kind: its ids stay without names until "+remedy,
				zap.String("kind", f.ref.Kind.String()), zap.Duration("retried_after", kindOffTime), zap.Error(err))
		}
	}
}
