package keystoneattributesprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/sentence"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/directory"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// sourceNames are the values of openstack.enrichment.source.
var sourceNames = [...]string{
	directory.None: "", directory.Keystone: "keystone", directory.Deleted: "deleted", directory.KeystoneLater: "keystone_later",
	directory.KeystoneEarlier: "keystone_earlier", directory.Event: "event",
}

// outcomes counts what became of the records of a batch.
type outcomes struct {
	complete, enriched, incomplete int
	missing                        [keystone.KindCount][directory.ResultCount]int
}

// addition collects what is added to one record.
type addition struct {
	batch *batch
	item  *item
	// added are the fields that were filled in.
	added [2*len(references) + 2]*audit.Field
	count int
	// weakest is the weakest source of the names that were added.
	weakest directory.Source
}

var (
	targetReference = referenceTo(0, audit.AttrTargetID, audit.AttrTargetName, "")
	previousName    = audit.FieldOf(audit.AttrTargetPreviousName)
)

// enrich fills in what one record lacks. Records are taken in their order: what one deletes is deleted for the next.
func (e *enricher) enrich(b *batch, it *item, o *outcomes) {
	a := addition{batch: b, item: it}
	if it.named && it.event.Action == audit.ActionDelete && it.event.Outcome == audit.OutcomeSuccess {
		e.bury(b, it)
	}
	incomplete := false
	for i := range references {
		incomplete = a.fill(i, &references[i], references[i].kind, o) || incomplete
	}
	if it.named {
		incomplete = a.fill(target, &targetReference, it.kind, o) || incomplete
	}
	if it.updated {
		a.fillPreviousName()
	}
	switch {
	case incomplete:
		o.incomplete++
	case a.count > 0:
		o.enriched++
	default:
		o.complete++
	}
	if a.count > 0 {
		a.write()
	}
}

// bury makes a tombstone of what the record says was deleted.
func (e *enricher) bury(b *batch, it *item) {
	id, ok := lookupID(it.kind, it.event.Target.ID, true)
	if !ok {
		return
	}
	ref := keystone.Ref{Kind: it.kind, ID: id}
	if it.kind == keystone.ApplicationCredential {
		ref.Owner = it.owner()
	}
	e.directory.Deleted(ref)
	b.answers[b.places[thing{it.kind, id}]].Delete()
}

// fill adds what a reference lacks: names in the event win. It reports whether the name is missing; what is not to be
// asked for, as an id that somebody typed, is not missed.
func (a *addition) fill(at int, r *reference, kind keystone.Kind, o *outcomes) bool {
	event := &a.item.event
	p := a.item.places[at]
	if p == nowhere || !r.lacks(event) {
		return false
	}
	answer := &a.batch.answers[p]
	name := answer.At(a.item.at)
	if *r.name.Text(event) == "" {
		if name.Name == "" {
			if answer.Result == directory.NotAsked {
				return false
			}
			o.missing[kind][answer.Result]++
			return true
		}
		a.put(r.name, name.Name, name.Source)
	}
	if r.domainID != nil && *r.domainID.Text(event) == "" && name.DomainID != "" {
		a.put(r.domainID, name.DomainID, name.Source)
		if name.DomainID == answer.DomainID() {
			a.item.places[domainOf[at]] = a.batch.domains[p]
		}
	}
	return false
}

// fillPreviousName adds the name that an update has changed.
func (a *addition) fillPreviousName() {
	answer, t := &a.batch.answers[a.item.places[target]], &a.item.event.Target
	if previous := answer.Before(a.item.at); previous != "" && t.Name != "" && previous != t.Name {
		a.put(previousName, previous, directory.Keystone)
	}
}

func (a *addition) put(field *audit.Field, value string, source directory.Source) {
	*field.Text(&a.item.event) = value
	a.added[a.count] = field
	a.count++
	a.weakest = max(a.weakest, source)
}

// write puts what was added into the record, and says its sentence anew if the body was the sentence.
func (a *addition) write() {
	event, record := &a.item.event, a.item.record
	attributes := record.Attributes()
	attributes.EnsureCapacity(attributes.Len() + a.count + 1)
	for _, field := range a.added[:a.count] {
		attributes.PutStr(field.Key, *field.Text(event))
	}
	weakest := max(a.weakest, sourceOf(event.NamesSource))
	attributes.PutStr(audit.AttrEnrichmentSource, sourceNames[weakest])
	if body := record.Body(); body.Type() == pcommon.ValueTypeStr && sentence.Ends(body.Str(), event) {
		request.Restore(event)
		a.batch.sentence = sentence.Append(a.batch.sentence[:0], event)
		body.SetStr(string(a.batch.sentence))
	}
}

// sourceOf is what an earlier processor said; None when there was none.
func sourceOf(name string) directory.Source {
	for source, known := range sourceNames {
		if known == name {
			return directory.Source(source)
		}
	}
	return directory.None
}
