package keystoneattributesprocessor

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/delivery"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/directory"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// item is an audit record of a batch.
type item struct {
	record plog.LogRecord
	event  audit.Event
	// at is when the event happened, as its sender says, and no later than it came.
	at time.Time
	// keystone reports that Keystone itself sent it; then named reports whether its target is of a kind that has names.
	keystone, named bool
	kind            keystone.Kind
	// updated reports that the target was updated, and may have had another name before.
	updated bool
	// places are where the batch has the answers to the record's references, its target last.
	places [referenceCount]place
}

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
	ids   [referenceCount]idInEvent
	names [len(references)]nameInEvent
	// sentence is where sentences are written.
	sentence []byte
}

// thing is what a name is asked for.
type thing struct {
	kind keystone.Kind
	id   string
}

// idInEvent is a thing as a record spells it, and its place.
type idInEvent struct {
	thing
	keystone bool
	place    place
}

// nameInEvent is a name beside an id, which the directory knew already.
type nameInEvent struct {
	id, name, domainID string
	keystone           bool
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
	*b = batch{
		items: b.items[:0], queries: b.queries[:0], answers: b.answers[:0], domains: b.domains[:0], places: b.places,
		sentence: b.sentence,
	}
	p.pool.Put(b)
}

// processLogs takes batches that come at the same time one after the other: what a record says of a name is known for those behind it.
func (e *enricher) processLogs(ctx context.Context, logs plog.Logs) (plog.Logs, error) {
	pass, err := delivery.InTurn(ctx, e)
	if err != nil {
		return logs, err
	}
	defer pass()
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
	var service audit.Service
	for _, resourceLogs := range logs.ResourceLogs().All() {
		service.Read(resourceLogs.Resource().Attributes())
		for _, scopeLogs := range resourceLogs.ScopeLogs().All() {
			for _, record := range scopeLogs.LogRecords().All() {
				next := len(b.items)
				b.items = b.items[:next+1]
				it := &b.items[next]
				it.event.Read(record)
				if it.event.Notification.EventType == "" || it.event.Outcome == "" {
					*it = item{}
					b.items = b.items[:next]
					continue
				}
				it.record, it.event.Service, it.keystone = record, service, it.event.Notification.FromKeystone()
				it.kind, it.named = targetKind(&it.event)
				if it.at = it.event.Time; it.at.IsZero() || it.at.After(arrived) {
					it.at = arrived
				}
				e.learn(b, it)
				b.collect(it, e.change(it))
			}
		}
	}
}

// learn takes the names in that stand beside ids in the record itself.
func (e *enricher) learn(b *batch, it *item) {
	if !isTrusted(&it.event) {
		return
	}
	for i := range references {
		r := &references[i]
		said := nameInEvent{id: *r.id.Text(&it.event), name: *r.name.Text(&it.event), keystone: it.keystone}
		if said.id == "" || said.name == "" {
			continue
		}
		if r.domainID != nil {
			said.domainID = *r.domainID.Text(&it.event)
		}
		if b.names[i] == said {
			continue
		}
		id, ok := lookupID(r.kind, said.id, it.keystone)
		if !ok {
			continue
		}
		domain, ok := lookupID(keystone.Domain, said.domainID, it.keystone)
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
	action := it.event.Action
	if !it.named || it.event.Outcome != audit.OutcomeSuccess || action != audit.ActionCreate && action != audit.ActionUpdate {
		return false
	}
	id, ok := lookupID(it.kind, it.event.Target.ID, true)
	if ok {
		it.updated = action == audit.ActionUpdate
		e.directory.Changed(it.kind, id, it.at)
	}
	return ok
}

// collect puts together what a record asks for. What was just created or changed goes first: it may be gone soon.
func (b *batch) collect(it *item, changed bool) {
	for i := range references {
		if r := &references[i]; r.lacks(&it.event) {
			it.places[i] = b.ask(it, i, thing{r.kind, *r.id.Text(&it.event)}, i == 0 && it.event.UnknownUser())
		}
	}
	if !it.named || it.event.Target.Name != "" && !changed {
		return
	}
	it.places[target] = b.ask(it, target, thing{it.kind, it.event.Target.ID}, false)
	if changed {
		b.queries[it.places[target]].Urgent = true
	}
}

// ask adds a record's want to the query of a thing. It returns nowhere for what cannot be an id of Keystone's.
func (b *batch) ask(it *item, reference int, t thing, knownOnly bool) place {
	q := &b.ids[reference]
	if q.thing != t || q.keystone != it.keystone {
		*q = idInEvent{thing: t, keystone: it.keystone}
		if id, ok := lookupID(t.kind, t.id, it.keystone); ok {
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
	id, ok := lookupID(keystone.User, it.event.Actor.User.ID, it.keystone)
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
