package directory

import (
	"context"
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
	// Unavailable: Keystone is away: no connection, no answer in time, 429, 5xx.
	Unavailable
	// Unexpected: something at the URL answers that is not Keystone, or Keystone fails for this id alone.
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

// Source says who told a name, and how that is related to the time of the event.
type Source uint8

// The sources, the strongest first.
const (
	// None: there is no name.
	None Source = iota
	// Keystone told it before the event, and no change of it is known in between.
	Keystone
	// Deleted is the same of a thing that is gone: it is its last known name.
	Deleted
	// KeystoneLater: Keystone told it after the event.
	KeystoneLater
	// KeystoneEarlier: Keystone told it before a change that came before the event, and has not told the new one.
	KeystoneEarlier
	// Event: events alone told it.
	Event
)

// Query asks for the name of one thing.
type Query struct {
	keystone.Ref
	// Seen is the time of the latest event that refers to it.
	Seen time.Time
	// Urgent goes before what is not.
	Urgent bool
	// KnownOnly keeps Keystone from being asked: somebody typed the id.
	KnownOnly bool
}

// Name is a name with where it is from.
type Name struct {
	Name     string
	DomainID string
	Source   Source
}

// Answer is what is known of a thing.
type Answer struct {
	Result Result
	entry  entry
}

// DomainID is that of the last name.
func (a *Answer) DomainID() string { return a.entry.domain.id() }

// At returns the name that the thing had at the time of an event, or the next best one.
func (a *Answer) At(t time.Time) Name {
	if !a.entry.state.named() {
		return Name{}
	}
	if a.entry.state == heard {
		return Name{Name: a.entry.name, DomainID: a.entry.domain.id(), Source: Event}
	}
	name, domain, certainty := a.entry.at(t.UnixNano())
	source := [...]Source{certain: Keystone, later: KeystoneLater, earlier: KeystoneEarlier}[certainty]
	if source == Keystone && a.entry.state == deleted {
		source = Deleted
	}
	return Name{Name: name, DomainID: domain.id(), Source: source}
}

// Before returns the name that the thing had until an event of the time t changed it, as Keystone told it; empty where that is not certain,
// or where later events told of changes too.
func (a *Answer) Before(t time.Time) string {
	h := a.entry.history
	if !a.entry.state.told() || h == nil || h.at != t.UnixNano() {
		return ""
	}
	name, _, certainty := a.entry.at(h.at - 1)
	if certainty != certain {
		return ""
	}
	return name
}

// Named reports whether there is a name.
func (a *Answer) Named() bool { return a.entry.state.named() }

// Delete makes it an answer for the records behind one that says that the thing was deleted.
func (a *Answer) Delete() {
	if a.entry.state.told() {
		a.entry.state = deleted
	}
}

// Resolve appends the answers to queries, in their order, to answers. Whatever must be asked is asked in parallel, and waited for until ctx
// is done; lookups that take longer go on, for the next one who asks. A caller that is not patient leaves sooner where Keystone cannot
// answer all that it is asked.
func (d *Directory) Resolve(ctx context.Context, answers []Answer, queries []Query, patient bool) []Answer {
	first := len(answers)
	all := slices.Grow(answers, len(queries))[:first+len(queries)]
	answers = all[first:]
	now := d.now()
	var asked []int
	for i := range queries {
		q := &queries[i]
		e := d.known(q.Kind, q.ID)
		why := Hit
		if !e.fresh(seconds(now), q.Seen.Unix(), d.lifetimes) {
			ok := false
			if why = NotAsked; !q.KnownOnly {
				why, ok = d.mayAsk(q.Ref, now)
			}
			if ok {
				asked = append(asked, i)
				continue
			}
		}
		answers[i] = answerOf(e, why)
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
	if kind == keystone.Project && !e.state.named() {
		if domain, _ := d.table.get(keyOf(keystone.Domain, id)); domain.state.named() {
			return domain
		}
	}
	return e
}

// ask looks up the queries at the given places, and answers them.
func (d *Directory) ask(ctx context.Context, queries []Query, answers []Answer, places []int, patient bool) {
	lookups := make([]*lookup, len(places))
	join := func(n int) *lookup {
		q := &queries[places[n]]
		return d.queue.join(q.Ref, keyOf(q.Kind, q.ID), q.Urgent)
	}
	for n := range places {
		lookups[n] = join(n)
	}
	for _, urgent := range []bool{true, false} {
		ctx, cancel := d.patience(ctx, urgent, patient)
		for n, i := range places {
			if queries[i].Urgent != urgent {
				continue
			}
			if d.await(ctx, lookups[n]) && d.overtaken(&queries[i], lookups[n].result) {
				lookups[n] = join(n)
				d.await(ctx, lookups[n])
			}
		}
		cancel()
	}
	for n, i := range places {
		q, result := &queries[i], Late
		e := d.known(q.Kind, q.ID)
		select {
		case <-lookups[n].done:
			result = lookups[n].result
			if result == Found && !e.state.named() {
				e = lookups[n].entry
			}
		default:
		}
		if result == Late && d.away(d.now()) {
			result = Unavailable
		}
		answers[i] = answerOf(e, result)
	}
}

// patience is the time to wait for lookups of one urgency.
func (d *Directory) patience(ctx context.Context, urgent, patient bool) (context.Context, context.CancelFunc) {
	if patient {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d.queue.patience(urgent, d.settings.Workers, d.settings.Wait, d.now()))
}

// await reports whether the lookup was done in time.
func (d *Directory) await(ctx context.Context, l *lookup) bool {
	select {
	case <-l.done:
		return true
	default:
	}
	select {
	case <-l.done:
		return true
	case <-ctx.Done():
		return false
	}
}

// overtaken reports whether the thing changed while the last words of an answer were taken in.
func (d *Directory) overtaken(q *Query, result Result) bool {
	if result != Found && result != Absent {
		return false
	}
	e, _ := d.table.get(keyOf(q.Kind, q.ID))
	return e.due
}

// answerOf makes the best of what is known.
func answerOf(e entry, result Result) Answer {
	if !e.state.named() {
		if result == Hit {
			result = [...]Result{unknown: NotAsked, absent: Absent, forbidden: Forbidden}[e.state]
		}
		return Answer{Result: result}
	}
	switch result {
	case Hit, Found:
	case Absent, NotAsked:
		result = Hit // the last known name
	default:
		result = Stale
	}
	return Answer{Result: result, entry: e}
}
