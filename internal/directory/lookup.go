package directory

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// kindState switches a kind off while our role does not allow it.
type kindState struct {
	enabled bool
	refused atomic.Int32 // 403 answers in a row
	offTill atomic.Int64 // Unix seconds
	warned  atomic.Bool
	// allowed: Keystone told us of one. A 403 is about one thing then, such as one of a domain where we have no role.
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

// mayAsk reports whether Keystone may be asked for a thing; if not, why.
func (d *Directory) mayAsk(ref keystone.Ref, now time.Time) (Result, bool) {
	kind := &d.kinds[ref.Kind]
	switch {
	case !kind.enabled, ref.Kind == keystone.ApplicationCredential && ref.Owner == "":
		return NotAsked, false
	case kind.off(now):
		return Forbidden, false
	default:
		return d.breaker.state(now)
	}
}

// work does one lookup after the other. One worker of several is for urgent ones: slow answers to a flood must not hold them up.
func (d *Directory) work(ctx context.Context, urgentOnly bool) {
	for {
		l := d.queue.take(urgentOnly, d.now)
		if l == nil {
			return
		}
		result, again := d.lookUp(ctx, l)
		d.queue.finish(l, result, again, d.now())
	}
}

// lookUp asks Keystone and takes its answer in. again: the thing changed after the question.
func (d *Directory) lookUp(ctx context.Context, l *lookup) (result Result, again bool) {
	began, now := d.order.Add(1), d.now()
	if result, ok := d.breaker.allow(now); !ok {
		return result, false
	}
	entity, err := d.settings.Identity.Get(ctx, l.ref)
	reason := keystone.Reason(0)
	if err != nil {
		if ctx.Err() != nil {
			return Unavailable, false // we are ending: it says nothing about Keystone
		}
		reason = keystone.ReasonOf(err)
	}
	result = d.judge(ctx, reason, err)
	kind := &d.kinds[l.ref.Kind]
	switch reason {
	case 0:
		kind.allow()
		l.entry = d.found(l.ref.Kind, entity, began, false)
		return result, l.entry.due
	case keystone.Absent:
		kind.refused.Store(0)
		return result, d.table.change(l.key, func(e entry) entry { return e.absent(began, d.now()) }).due
	case keystone.Forbidden:
		d.refused(l, err)
	}
	return result, false
}

// judge tells a Keystone that is away from one that does not answer this question.
func (d *Directory) judge(ctx context.Context, reason keystone.Reason, err error) Result {
	result := [...]Result{
		0: Found, keystone.Absent: Absent, keystone.Forbidden: Forbidden, keystone.Unauthorized: Unauthorized,
		keystone.Unavailable: Unavailable, keystone.Unexpected: Unexpected,
	}[reason]
	if result == Unavailable && keystone.RetryAfterOf(err) == 0 && d.answersOthers(ctx) {
		result, reason = Unexpected, 0
	}
	if result != Unavailable {
		d.answeredAt.Store(d.now().UnixNano())
	}
	if reason == keystone.Unavailable || reason == keystone.Unexpected {
		if ctx.Err() == nil && d.breaker.fail(d.now(), keystone.RetryAfterOf(err), result) {
			d.logger.Warn("Keystone gives no answers: known names are used, other ids stay without", zap.Error(err))
		}
		return result
	}
	if d.breaker.succeed() {
		d.logger.Info("Keystone answers again")
	}
	return result
}

// answersOthers asks for something else after a failure: an id that makes Keystone fail, such as one of a broken LDAP server, is no outage.
func (d *Directory) answersOthers(ctx context.Context) bool {
	_, err := d.settings.Identity.Get(ctx, keystone.Ref{Kind: keystone.Domain, ID: "default"})
	if err == nil {
		return true
	}
	reason := keystone.ReasonOf(err)
	return reason == keystone.Absent || reason == keystone.Forbidden
}

// away reports whether Keystone gave no answer for a caller's whole time.
func (d *Directory) away(now time.Time) bool {
	return now.UnixNano()-d.answeredAt.Load() > int64(d.settings.Wait)
}

// found takes in what Keystone said, to a lookup or in a list, and returns what is known then.
func (d *Directory) found(kind keystone.Kind, entity keystone.Entity, began uint64, list bool) entry {
	if !isName(entity.Name) || entity.ID == "" || len(entity.ID) > maxIDBytes {
		return entry{}
	}
	a := answer{name: entity.Name, domain: domainOf(entity.DomainID), list: list, began: began, ended: d.now()}
	contradicted := false
	known := d.table.change(keyOf(kind, entity.ID), func(e entry) entry {
		contradicted = !list && e.state == deleted && e.due
		return e.answer(a)
	})
	if contradicted {
		d.settings.Observer.Contradicted(kind, ClaimDeletion)
	}
	if kind == keystone.Project && entity.IsDomain {
		d.found(keystone.Domain, keystone.Entity{ID: entity.ID, Name: entity.Name}, began, list)
	}
	return known
}

// refused takes in a 403, and switches the kind off when it is not about one thing.
func (d *Directory) refused(l *lookup, err error) {
	now := d.now()
	d.table.change(l.key, func(e entry) entry { return e.forbidden(now) })
	kind := &d.kinds[l.ref.Kind]
	const remedy = "the user has the role reader on the system (openstack role add --user <user> --system all reader)"
	switch {
	case kind.allowed.Load():
		if !kind.warned.Swap(true) {
			d.logger.Warn("Keystone lets us look up some things of a kind and not others, "+
				"such as those of other domains: those stay without names until "+remedy,
				zap.String("kind", l.ref.Kind.String()), zap.Duration("retried_after", kindOffTime), zap.Error(err))
		}
	case kind.refused.Add(1) >= refusalsToOff:
		kind.offTill.Store(now.Add(kindOffTime).Unix())
		if !kind.warned.Swap(true) {
			d.logger.Warn("Keystone does not let us look up a kind: its ids stay without names until "+remedy,
				zap.String("kind", l.ref.Kind.String()), zap.Duration("retried_after", kindOffTime), zap.Error(err))
		}
	}
}
