package keystoneattributesprocessor

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/directory"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// item is an audit record of a batch.
type item struct {
	record   plog.LogRecord
	resource pcommon.Map
	fields   fields
	// at is when the event happened, as its sender says, and no later than it came.
	at time.Time
	// identity says that Keystone itself sent it; then named says whether its target is of a kind that has names.
	identity, named bool
	kind            keystone.Kind
	// places are where the batch has the answers to the record's references, its target last.
	places [len(references) + 1]place
}

// target is the place of what a record is about among its references: its kind stands in the record.
const target = len(references)

// place is an index of a batch's queries and answers. The first of these is nobody's.
type place int32

const nowhere place = 0

// batch is the audit records that came together, and what is asked for them, each thing once.
type batch struct {
	items   []item
	queries []directory.Query
	answers []directory.Answer
	// domains are the places of the domains that the answers tell.
	domains []place
	places  map[thing]place
	// ids and names are what the record before had at each reference: those of one user come in a row.
	ids   [len(references) + 1]idInEvent
	names [len(references)]nameInEvent
}

// thing is what a name is asked for.
type thing struct {
	kind keystone.Kind
	id   string
}

// idInEvent is a thing as a record spells it, and its place.
type idInEvent struct {
	thing
	identity bool
	place    place
}

// nameInEvent is a name beside an id, which the directory knew already.
type nameInEvent struct {
	id, name, domainID string
	identity           bool
}

// batches are used again: to allocate them is a good part of what a record costs otherwise.
type batches struct{ pool sync.Pool }

// maxPooled bounds the records of a batch that is kept.
const maxPooled = 4096

func (p *batches) take() *batch {
	if b, ok := p.pool.Get().(*batch); ok {
		return b
	}
	return &batch{places: map[thing]place{}}
}

// give takes a batch back, without the texts that would keep its messages alive.
func (p *batches) give(b *batch) {
	if cap(b.items) > maxPooled {
		return
	}
	clear(b.items)
	clear(b.queries)
	clear(b.answers)
	clear(b.places)
	*b = batch{items: b.items[:0], queries: b.queries[:0], answers: b.answers[:0], domains: b.domains[:0], places: b.places}
	p.pool.Put(b)
}

func (e *enricher) processLogs(ctx context.Context, logs plog.Logs) (plog.Logs, error) {
	b := e.batches.take()
	defer e.batches.give(b)
	e.read(b, logs)
	if len(b.items) == 0 {
		return logs, nil
	}
	if err := e.resolve(ctx, b); err != nil {
		e.telemetry.records(recordRefused, len(b.items))
		return logs, err
	}
	var outcomes outcomes
	for i := range b.items {
		e.enrich(b, &b.items[i], &outcomes)
	}
	e.telemetry.outcomes(&outcomes)
	return logs, nil
}

// read finds the audit records: they have the event type of a notification, whoever made them. It tells the directory, in their order, what
// they say of names and changes, and collects what they lack.
func (e *enricher) read(b *batch, logs plog.Logs) {
	b.items = slices.Grow(b.items, logs.LogRecordCount())
	b.queries = append(b.queries, directory.Query{}) // nowhere
	arrived := time.Now()
	for _, resourceLogs := range logs.ResourceLogs().All() {
		resource := resourceLogs.Resource().Attributes()
		for _, scopeLogs := range resourceLogs.ScopeLogs().All() {
			for _, record := range scopeLogs.LogRecords().All() {
				next := len(b.items)
				b.items = b.items[:next+1]
				it := &b.items[next]
				it.fields.read(record.Attributes())
				if it.fields[eventType] == "" || it.fields[outcome] == "" {
					*it = item{}
					b.items = b.items[:next]
					continue
				}
				it.record, it.resource, it.identity = record, resource, it.fields.identity()
				it.kind, it.named = it.fields.target()
				if it.at = record.Timestamp().AsTime(); record.Timestamp() == 0 || it.at.After(arrived) {
					it.at = arrived
				}
				e.learn(b, it)
				changed := e.change(it)
				b.collect(it, changed)
			}
		}
	}
}

// learn takes the names in that stand beside ids in the record itself.
func (e *enricher) learn(b *batch, it *item) {
	f := &it.fields
	if !f.trusted() {
		return
	}
	for i := range references {
		r := &references[i]
		if f[r.id] == "" || f[r.name] == "" {
			continue
		}
		said := nameInEvent{id: f[r.id], name: f[r.name], domainID: f[r.domainID], identity: it.identity}
		if b.names[i] == said {
			continue
		}
		id, ok := lookupID(r.kind, said.id, it.identity)
		if !ok {
			continue
		}
		domain, ok := lookupID(keystone.Domain, said.domainID, it.identity)
		if !ok {
			domain = ""
		}
		if e.directory.Learn(r.kind, id, said.name, domain, it.at) {
			b.names = [len(references)]nameInEvent{} // one of them may have been of the same thing
		} else {
			b.names[i] = said
		}
	}
}

// change tells the directory that the record's target was created or changed, and reports whether it was.
func (e *enricher) change(it *item) bool {
	f := &it.fields
	if !it.named || f[outcome] != audit.OutcomeSuccess || f[action] != audit.ActionCreate && f[action] != audit.ActionUpdate {
		return false
	}
	id, ok := lookupID(it.kind, f[targetID], true)
	if ok {
		e.directory.Changed(it.kind, id, it.at)
	}
	return ok
}

// collect puts together what a record asks for. What was just created or changed goes first: it may be gone soon.
func (b *batch) collect(it *item, changed bool) {
	f := &it.fields
	for i := range references {
		if r := &references[i]; r.wanting(f) {
			it.places[i] = b.ask(it, i, thing{r.kind, f[r.id]}, r.id == userID && f.unknownUser())
		}
	}
	if !it.named || f[targetName] != "" && !changed {
		return
	}
	it.places[target] = b.ask(it, target, thing{it.kind, f[targetID]}, false)
	if changed {
		b.queries[it.places[target]].Urgent = true
	}
}

// ask adds a record's want to the query of a thing. It returns nowhere for what cannot be an id of Keystone's.
func (b *batch) ask(it *item, reference int, t thing, knownOnly bool) place {
	q := &b.ids[reference]
	if q.thing != t || q.identity != it.identity {
		*q = idInEvent{thing: t, identity: it.identity}
		if id, ok := lookupID(t.kind, t.id, it.identity); ok {
			q.place = b.placeOf(thing{t.kind, id})
		}
	}
	if q.place == nowhere {
		return nowhere
	}
	query := &b.queries[q.place]
	query.KnownOnly = query.KnownOnly && knownOnly
	if it.at.After(query.Seen) {
		query.Seen = it.at
	}
	if t.kind == keystone.ApplicationCredential && query.Owner == "" {
		query.Owner = it.owner()
	}
	return q.place
}

// placeOf returns the place of a thing; a new one has a query that nobody wants an answer to yet.
func (b *batch) placeOf(t thing) place {
	p, found := b.places[t]
	if !found {
		p = place(len(b.queries))
		b.places[t] = p
		b.queries = append(b.queries, directory.Query{Ref: keystone.Ref{Kind: t.kind, ID: t.id}, KnownOnly: true})
	}
	return p
}

// owner is the user of an application credential: Keystone lets users make them for themselves alone.
func (it *item) owner() string {
	id, ok := lookupID(keystone.User, it.fields[userID], it.identity)
	if !ok {
		return ""
	}
	return id
}

// resolve finds the answers for a batch within one time budget. It fails only for a Keystone that is away, and only
// with on_unavailable: refuse.
func (e *enricher) resolve(ctx context.Context, b *batch) error {
	ctx, cancel := e.budget(ctx)
	defer cancel()
	b.answers = append(b.answers, directory.Answer{}) // nowhere
	if err := e.ask(ctx, b); err != nil {
		return err
	}
	// The domains of the users and projects that were found. They are few, and Keystone told them.
	last, domain := "", nowhere
	for i := range b.answers {
		if id := b.answers[i].DomainID(); id != last {
			last, domain = id, nowhere
			if id, ok := lookupID(keystone.Domain, id, true); ok {
				domain = b.placeOf(thing{keystone.Domain, id})
				b.queries[domain].KnownOnly, b.queries[domain].Urgent = false, true
			}
		}
		b.domains = append(b.domains, domain)
	}
	return e.ask(ctx, b)
}

// ask asks the directory what has no answer yet.
func (e *enricher) ask(ctx context.Context, b *batch) error {
	first := len(b.answers)
	if first == len(b.queries) {
		return nil
	}
	refuse := e.config.OnUnavailable == UnavailableRefuse
	b.answers = e.directory.Resolve(ctx, b.answers, b.queries[first:], refuse)
	if !refuse {
		return nil
	}
	missing := 0
	for i := range b.answers[first:] {
		if answer := &b.answers[first+i]; !answer.Named() && answer.Result == directory.Unavailable {
			missing++
		}
	}
	if missing > 0 {
		return fmt.Errorf("keystone is unavailable: %d ids of the batch have no names (on_unavailable: refuse)", missing)
	}
	return nil
}
