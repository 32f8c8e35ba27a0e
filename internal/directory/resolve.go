package directory

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// Result says where an answer comes from, or why there is none.
type Result uint8

const (
	// Hit: known, and fresh.
	Hit Result = iota
	// Stale: known, and Keystone could not be asked again.
	Stale
	// Found: Keystone told it just now.
	Found
	// Absent: Keystone has no such thing.
	Absent
	// Forbidden: our role does not allow it.
	Forbidden
	// Unauthorized: Keystone refuses our credentials.
	Unauthorized
	// Unavailable: no connection, 429, 5xx, or the breaker is open.
	Unavailable
	// Unexpected: something at the URL answers that is not Keystone.
	Unexpected
	// Late: Keystone did not answer within the time of the caller.
	Late
	// NotAsked: Keystone is not to be asked for it.
	NotAsked

	// ResultCount is the number of results, for arrays with an element each.
	ResultCount
)

// String returns the result as the metrics spell it.
func (r Result) String() string {
	return [ResultCount]string{
		"hit", "stale", "found", "absent", "forbidden", "unauthorized", "unavailable", "unexpected", "late", "not_asked",
	}[r]
}

// Source says who told a name.
type Source uint8

// The sources, the strongest first.
const (
	// None: there is no name.
	None Source = iota
	// Event: another event told it.
	Event
	// Keystone: Keystone told it.
	Keystone
	// Deleted: the thing is gone. It is its last known name.
	Deleted
)

// Query asks for the name of one thing.
type Query struct {
	keystone.Ref
	// After makes Keystone be asked again unless it was asked since then: the thing was created or changed.
	After time.Time
	// KnownOnly keeps Keystone from being asked: somebody typed the id.
	KnownOnly bool
}

// Answer is what is known. Name is empty when nothing is, and Result says why.
type Answer struct {
	Name     string
	DomainID string
	Source   Source
	Result   Result
}

// Resolve appends the answers to queries, in their order, to answers. Whatever must be asked is asked in parallel, and waited for until ctx is done;
// lookups that take longer go on, for the next one who asks. With patient unset nobody waits for a Keystone that was too
// slow a moment ago.
func (d *Directory) Resolve(ctx context.Context, answers []Answer, queries []Query, patient bool) []Answer {
	first := len(answers)
	all := slices.Grow(answers, len(queries))[:first+len(queries)]
	answers = all[first:]
	now := d.now()
	var asked []int
	for i := range queries {
		q := &queries[i]
		e := d.known(q.Kind, q.ID)
		if ask, why := d.mustAsk(e, q, now); ask {
			asked = append(asked, i)
		} else {
			answers[i] = d.answer(e, why)
		}
	}
	if len(asked) > 0 {
		d.ask(ctx, queries, answers, asked, patient)
	}
	var counts [keystone.KindCount][ResultCount]int
	for i := range queries {
		counts[queries[i].Kind][answers[i].Result]++
	}
	for kind := range counts {
		for result, n := range counts[kind] {
			if n > 0 {
				d.settings.Observer.Resolved(keystone.Kind(kind), Result(result), n)
			}
		}
	}
	return all
}

// known returns the entry of a thing. A domain answers to its id as a project too: Keystone tells of both when a domain
// changes or goes.
func (d *Directory) known(kind keystone.Kind, id string) entry {
	e, _ := d.table.get(keyOf(kind, id))
	if kind == keystone.Project && !e.named() {
		if domain, _ := d.table.get(keyOf(keystone.Domain, id)); domain.named() {
			return domain
		}
	}
	return e
}

// mustAsk decides about one query; without a lookup it says what the answer is then.
func (d *Directory) mustAsk(e entry, q *Query, now time.Time) (bool, Result) {
	kind := &d.kinds[q.Kind]
	fresh := e.fresh(seconds(now)) && (q.After.IsZero() || e.since > seconds(q.After))
	if e.state.gone() && q.After.IsZero() {
		fresh = true // even past its time, until it is swept
	}
	switch {
	case fresh && e.state == absent:
		return false, Absent
	case fresh && e.state == forbidden:
		return false, Forbidden
	case fresh:
		return false, Hit
	case q.KnownOnly, !kind.enabled, q.Kind == keystone.ApplicationCredential && q.Owner == "":
		return false, NotAsked
	case kind.off(now):
		return false, Forbidden
	case d.breaker.open(now):
		return false, Unavailable
	default:
		return true, 0
	}
}

// ask looks up the queries at the given places, and answers them.
func (d *Directory) ask(ctx context.Context, queries []Query, answers []Answer, places []int, patient bool) {
	flights := make([]*flight, len(places))
	for n, i := range places {
		flights[n] = d.board(queries[i].Ref, keyOf(queries[i].Kind, queries[i].ID))
	}
	patient = patient || d.now().UnixNano() >= d.slowUntil.Load()
	for n, i := range places {
		q, f := queries[i], flights[n]
		result := Late
		if f != nil && d.await(ctx, f, patient) {
			result = f.result
			if result == Found && f.started.Load() < q.After.UnixNano() {
				// The lookup that we joined went out before the thing changed.
				if f = d.board(q.Ref, f.key); f != nil && d.await(ctx, f, patient) {
					result = f.result
				}
			}
		}
		answers[i] = d.answer(d.known(q.Kind, q.ID), result)
	}
}

// slowTime is how long nobody waits for a Keystone that was too slow, unless it is quick again before.
const slowTime = 30 * time.Second

func (d *Directory) await(ctx context.Context, f *flight, patient bool) bool {
	select {
	case <-f.done:
		return true
	default:
	}
	if !patient {
		return false
	}
	select {
	case <-f.done:
		return true
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			d.slowUntil.Store(d.now().Add(slowTime).UnixNano())
		}
		return false
	}
}

// answer makes the best of what is known.
func (d *Directory) answer(e entry, result Result) Answer {
	if !e.named() {
		if result == Hit {
			result = NotAsked
		}
		return Answer{Result: result}
	}
	switch result {
	case Hit, Found, Absent, NotAsked:
	default:
		result = Stale
	}
	if result == Absent || result == NotAsked {
		result = Hit // the last known name
	}
	a := Answer{Name: e.name, DomainID: d.table.domainID(e.domain), Result: result}
	switch e.state {
	case deleted, hearsay:
		a.Source = Deleted
	case learned:
		a.Source = Event
	default:
		a.Source = Keystone
	}
	return a
}
