package keystoneattributesprocessor

import (
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
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
	added [3 * len(references)]field
	count int
	// weakest is the weakest source of the names that were added.
	weakest directory.Source
	// shown says whether the sentence changes.
	shown bool
}

// enrich fills in what one record lacks. Records are taken in their order: what one deletes is deleted for the next.
func (e *enricher) enrich(b *batch, it *item, o *outcomes) {
	a := addition{batch: b, item: it}
	if it.named && it.fields[action] == audit.ActionDelete && it.fields[outcome] == audit.OutcomeSuccess {
		e.bury(b, it)
	}
	incomplete := false
	for i := range references {
		incomplete = a.fill(i, &references[i], o) || incomplete
	}
	if it.named {
		incomplete = a.fill(target, &reference{kind: it.kind, id: targetID, name: targetName}, o) || incomplete
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
	id, ok := lookupID(it.kind, it.fields[targetID], true)
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
func (a *addition) fill(at int, r *reference, o *outcomes) bool {
	f := &a.item.fields
	p := a.item.places[at]
	if p == nowhere || !r.wanting(f) {
		return false
	}
	answer := &a.batch.answers[p]
	name := answer.At(a.item.at)
	if f[r.name] == "" {
		if name.Name == "" {
			if answer.Result == directory.NotAsked {
				return false
			}
			o.missing[r.kind][answer.Result]++
			return true
		}
		a.put(r.name, name.Name, name.Source)
	}
	if r.domainID != noField && f[r.domainID] == "" && name.DomainID != "" {
		a.put(r.domainID, name.DomainID, name.Source)
		if name.DomainID == answer.DomainID() {
			a.item.places[domainOf[at]] = a.batch.domains[p]
		}
	}
	return false
}

func (a *addition) put(at field, value string, source directory.Source) {
	a.item.fields[at] = value
	a.added[a.count] = at
	a.count++
	a.weakest = max(a.weakest, source)
	a.shown = a.shown || shows(at, value)
}

// write puts what was added into the record.
func (a *addition) write() {
	f, record := &a.item.fields, a.item.record
	attributes := record.Attributes()
	attributes.EnsureCapacity(attributes.Len() + a.count + 1)
	for _, at := range a.added[:a.count] {
		attributes.PutStr(keys[at], f[at])
	}
	weakest := max(a.weakest, sourceOf(f[enrichmentSource]))
	attributes.PutStr(audit.AttrEnrichmentSource, sourceNames[weakest])
	if a.shown && auditlog.HasSentence(record) {
		record.Body().SetStr(auditlog.Sentence(a.item.resource, record))
	}
}

// shows says whether a sentence can change with a field: it tells no ids of domains, and Default of users and projects not
// either.
func shows(at field, value string) bool {
	switch at {
	case userDomainID, projectDomainID, targetUserDomainID, targetProjectDomainID, credentialName:
		return false
	case userDomainName, projectDomainName, targetUserDomainName, targetProjectDomainName:
		return value != "Default"
	default:
		return true
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
