package keystoneattributesprocessor

import (
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/directory"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// sourceNames are the values of openstack.enrichment.source.
var sourceNames = map[directory.Source]string{
	directory.Event: "event", directory.Keystone: "keystone", directory.Deleted: "deleted",
}

// outcomes counts what became of the records of a batch.
type outcomes struct {
	complete, enriched, incomplete int
	missing                        map[missing]int
}

type missing struct {
	kind   keystone.Kind
	result directory.Result
}

// addition collects what is added to one record.
type addition struct {
	batch    *batch
	item     *item
	identity bool
	// weakest is the weakest source of the names that were added.
	weakest directory.Source
	// sentence says whether the body is the sentence of the mapping, and so to be rendered again.
	sentence bool
	missing  []missing
}

// enrich fills in what one record lacks. Records are taken in their order: what one deletes is deleted for the next.
func (e *enricher) enrich(b *batch, it *item, o *outcomes) {
	a := addition{batch: b, item: it, identity: it.fields.identity()}
	kind, named := it.fields.target()
	if named && it.fields[action] == "delete" && it.fields[outcome] == auditlog.OutcomeSuccess {
		e.bury(b, kind, &it.fields)
	}
	for i := range references {
		a.fill(&references[i])
	}
	if named {
		a.fill(&reference{kind: kind, id: targetID, name: targetName})
	}
	switch {
	case len(a.missing) > 0:
		o.incomplete++
		if o.missing == nil {
			o.missing = map[missing]int{}
		}
		for _, m := range a.missing {
			o.missing[m]++
		}
	case a.weakest != directory.None:
		o.enriched++
	default:
		o.complete++
	}
	if a.weakest == directory.None {
		return
	}
	it.record.Attributes().PutStr(auditlog.AttrEnrichmentSource, sourceNames[max(a.weakest, sourceOf(it.fields[enrichmentSource]))])
	if a.sentence {
		it.record.Body().SetStr(auditlog.Sentence(it.resource, it.record))
	}
}

// sourceOf is what an earlier processor said; None when there was none.
func sourceOf(name string) directory.Source {
	for source, known := range sourceNames {
		if known == name {
			return source
		}
	}
	return directory.None
}

// bury makes a tombstone of what the record says was deleted.
func (e *enricher) bury(b *batch, kind keystone.Kind, f *fields) {
	id, ok := lookupID(kind, f[targetID], true)
	if !ok {
		return
	}
	e.directory.Delete(kind, id)
	t := thing{kind, id}
	if answer := b.answers[t]; answer.Name != "" {
		answer.Source = directory.Deleted
		b.answers[t] = answer
	}
}

// fill adds what a reference lacks: names in the event win.
func (a *addition) fill(r *reference) {
	f := &a.item.fields
	if !r.wanting(f) {
		return
	}
	id, ok := lookupID(r.kind, f[r.id], a.identity)
	if !ok {
		return
	}
	answer := a.batch.answers[thing{r.kind, id}]
	if f[r.name] == "" {
		if answer.Name == "" {
			// What is not to be asked for, as an id that somebody typed, is not missed.
			if answer.Result != directory.NotAsked {
				a.missing = append(a.missing, missing{r.kind, answer.Result})
			}
			return
		}
		a.put(r.name, answer.Name, answer.Source)
	}
	if r.domainID != noField && f[r.domainID] == "" && answer.DomainID != "" {
		a.put(r.domainID, answer.DomainID, answer.Source)
	}
}

func (a *addition) put(at field, value string, source directory.Source) {
	record := a.item.record
	if a.weakest == directory.None {
		a.sentence = auditlog.HasSentence(record)
	}
	a.weakest = max(a.weakest, source)
	a.item.fields[at] = value
	record.Attributes().PutStr(keys[at], value)
}
