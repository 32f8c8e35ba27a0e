package keystoneattributesprocessor

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/directory"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// item is an audit record of a batch.
type item struct {
	record   plog.LogRecord
	resource pcommon.Map
	fields   fields
}

// thing is what a name is asked for, once a batch.
type thing struct {
	kind keystone.Kind
	id   string
}

// batch is the audit records that came together, and the answers for them.
type batch struct {
	items   []item
	answers map[thing]directory.Answer
}

func (e *enricher) processLogs(ctx context.Context, logs plog.Logs) (plog.Logs, error) {
	b := readBatch(logs)
	if len(b.items) == 0 {
		return logs, nil
	}
	for i := range b.items {
		e.learn(&b.items[i])
	}
	if err := e.resolve(ctx, &b); err != nil {
		e.telemetry.records(recordRefused, len(b.items))
		return logs, err
	}
	var outcomes outcomes
	for i := range b.items {
		e.enrich(&b, &b.items[i], &outcomes)
	}
	e.telemetry.outcomes(&outcomes)
	return logs, nil
}

// readBatch finds the audit records: they have the event type of a notification, whoever made them.
func readBatch(logs plog.Logs) batch {
	b := batch{items: make([]item, 0, logs.LogRecordCount())}
	for _, resourceLogs := range logs.ResourceLogs().All() {
		resource := resourceLogs.Resource().Attributes()
		for _, scopeLogs := range resourceLogs.ScopeLogs().All() {
			for _, record := range scopeLogs.LogRecords().All() {
				b.items = append(b.items, item{record: record, resource: resource})
				it := &b.items[len(b.items)-1]
				it.fields.read(record.Attributes())
				if it.fields[eventType] == "" || it.fields[outcome] == "" {
					b.items = b.items[:len(b.items)-1]
				}
			}
		}
	}
	return b
}

// observed is when the record came to the Collector.
func (it *item) observed() time.Time {
	if t := it.record.ObservedTimestamp(); t != 0 {
		return t.AsTime()
	}
	return time.Now()
}

// learn takes the names in that stand beside ids in the record itself.
func (e *enricher) learn(it *item) {
	f := &it.fields
	if !f.trusted() {
		return
	}
	at := it.record.Timestamp().AsTime()
	for i := range references {
		r := &references[i]
		if f[r.id] == "" || f[r.name] == "" {
			continue
		}
		id, ok := lookupID(r.kind, f[r.id], f.identity())
		if !ok {
			continue
		}
		domain, ok := lookupID(keystone.Domain, f[r.domainID], f.identity())
		if !ok {
			domain = "" // the directory keeps ids of domains for good
		}
		e.directory.Learn(r.kind, id, f[r.name], domain, at)
	}
}

// questions are what is asked for the things of a batch, each put together from all records that want it.
type questions struct {
	queries []directory.Query
	places  map[thing]int
}

func (q *questions) add(query directory.Query) {
	t := thing{query.Kind, query.ID}
	place, asked := q.places[t]
	if !asked {
		q.places[t] = len(q.queries)
		q.queries = append(q.queries, query)
		return
	}
	known := &q.queries[place]
	known.KnownOnly = known.KnownOnly && query.KnownOnly
	if query.After.After(known.After) {
		known.After = query.After
	}
	if known.Owner == "" {
		known.Owner = query.Owner
	}
}

// resolve finds the answers for a batch within one time budget. It fails only for a Keystone that is away, and only
// with on_unavailable: refuse.
func (e *enricher) resolve(ctx context.Context, b *batch) error {
	ctx, cancel := e.budget(ctx)
	defer cancel()
	b.answers = make(map[thing]directory.Answer, 2*len(b.items))
	q := questions{places: make(map[thing]int, 2*len(b.items))}
	for i := range b.items {
		q.addItem(&b.items[i])
	}
	if err := e.ask(ctx, b, q.queries); err != nil {
		return err
	}
	// The domains of the users and projects that were found.
	domains := questions{places: map[thing]int{}}
	for _, answer := range b.answers {
		if answer.DomainID == "" {
			continue
		}
		if _, asked := b.answers[thing{keystone.Domain, answer.DomainID}]; !asked {
			domains.add(directory.Query{Ref: keystone.Ref{Kind: keystone.Domain, ID: answer.DomainID}})
		}
	}
	return e.ask(ctx, b, domains.queries)
}

func (e *enricher) ask(ctx context.Context, b *batch, queries []directory.Query) error {
	if len(queries) == 0 {
		return nil
	}
	refuse := e.config.OnUnavailable == UnavailableRefuse
	missing := 0
	for i, answer := range e.directory.Resolve(ctx, queries, refuse) {
		b.answers[thing{queries[i].Kind, queries[i].ID}] = answer
		if answer.Name == "" && (answer.Result == directory.Unavailable || answer.Result == directory.Late) {
			missing++
		}
	}
	if refuse && missing > 0 {
		return fmt.Errorf("keystone is unavailable: %d ids of the batch have no names (on_unavailable: refuse)", missing)
	}
	return nil
}

func (q *questions) addItem(it *item) {
	f := &it.fields
	identity, unknownUser := f.identity(), f.unknownUser()
	for i := range references {
		r := &references[i]
		if !r.wanting(f) {
			continue
		}
		id, ok := lookupID(r.kind, f[r.id], identity)
		if !ok {
			continue
		}
		q.add(directory.Query{
			Ref:       keystone.Ref{Kind: r.kind, ID: id, Owner: owner(r.kind, f)},
			KnownOnly: unknownUser && r.id == userID,
		})
	}
	kind, named := f.target()
	if !named {
		return
	}
	id, ok := lookupID(kind, f[targetID], identity)
	if !ok {
		return
	}
	query := directory.Query{Ref: keystone.Ref{Kind: kind, ID: id, Owner: owner(kind, f)}}
	if changed := f[outcome] == auditlog.OutcomeSuccess && (f[action] == "create" || f[action] == "update"); changed {
		query.After = it.observed()
	} else if f[targetName] != "" {
		return
	}
	q.add(query)
}

// owner is the user of an application credential: Keystone lets users make them for themselves alone.
func owner(kind keystone.Kind, f *fields) string {
	if kind != keystone.ApplicationCredential {
		return ""
	}
	id, ok := lookupID(keystone.User, f[userID], f.identity())
	if !ok {
		return ""
	}
	return id
}
