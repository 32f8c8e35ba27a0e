package auditlog

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/redact"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// cadf writes what a notification holds beside the fields of an event. What takes most space goes last, so that the size limit drops it
// first.
func (w *writer) cadf(n *oslo.Notification, unplaced derive.Unplaced) {
	e := &n.Event
	if g := e.Initiator.Geolocation; g.Kind == literal.Object {
		w.members(audit.AttrInitiatorGeolocation, g)
	}
	w.addresses(e.Target.Addresses)
	if !unplaced.UsualReporter {
		w.reporterChain(e.ReporterChain)
	}
	w.attachments(audit.AttrAttachments, e.Attachments)
	w.attachments(audit.AttrCADFTargetAttachments, e.Target.Attachments)
	w.maps(audit.AttrMeasurements, len(e.Measurements), func(i int, element element) {
		for _, member := range e.Measurements[i].Items {
			element.put(member.Key, redactedText(member))
		}
	})
	for _, extras := range [...][]cadf.Extra{e.Extras, n.Basic.Extras, unplaced.Extras, n.Extras} {
		w.extras(extras)
	}
}

// members writes an object as a map of texts.
func (w *writer) members(key string, object literal.Value) {
	if !w.room(key, len(object.Items)) {
		return
	}
	m := w.attributes.PutEmptyMap(key)
	for i, item := range object.Items {
		if i == maxElements {
			w.truncated = true
			return
		}
		w.put(m, item.Key, redactedText(item))
	}
}

func (w *writer) addresses(addresses []cadf.Endpoint) {
	public := ""
	for _, a := range addresses {
		if a.Name == "public" {
			public = a.URL
		}
	}
	for i, a := range addresses {
		if i == maxElements {
			w.truncated = true
			return
		}
		if a.Name != "public" && a.URL == public {
			continue
		}
		name := request.Normalize(a.Name)
		if name == "" {
			name = strconv.Itoa(i)
		}
		key := audit.AttrCADFTargetAddressPrefix + "public" // a constant, for the one that most targets have
		if name != "public" {
			key = audit.AttrCADFTargetAddressPrefix + w.cut(name, maxExtraKeyBytes)
		}
		if _, taken := w.attributes.Get(key); taken {
			key += "_" + strconv.Itoa(i)
		}
		w.text(key, redact.URL(a.URL))
	}
}

func (w *writer) reporterChain(chain []cadf.ReporterStep) {
	w.maps(audit.AttrReporterChain, len(chain), func(i int, e element) {
		e.put("role", chain[i].Role)
		e.put("reporter_id", chain[i].Reporter.ID)
		e.put("time", w.deriver.ISO(chain[i].Time))
	})
}

func (w *writer) attachments(key string, attachments []cadf.Attachment) {
	others := attachments
	for i, a := range attachments {
		if a.Name == derive.PartialPasswordHash && a.Content.Scalar() {
			w.text(audit.AttrPartialPasswordHash, a.Content.Text)
			others = slices.Concat(attachments[:i], attachments[i+1:])
			break
		}
	}
	w.maps(key, len(others), func(i int, e element) {
		a := others[i]
		e.put("name", a.Name)
		e.put("type_uri", a.TypeURI)
		e.put("content", redactedTextAs(a.Content, a.Name))
	})
}

func (w *writer) extras(extras []cadf.Extra) {
	for _, x := range extras {
		if x.Value.Scalar() && x.Value.Text == "" {
			continue
		}
		if w.extraCount == maxExtras {
			w.dropped++
			w.truncated = true
			continue
		}
		w.extraCount++
		w.extra(x.Path, redactExtra(x))
	}
}

// redactExtra masks an extra by its path, whose end is its own name.
func redactExtra(x cadf.Extra) string {
	name := x.Path
	if strings.HasSuffix(name, "_credential") {
		name = "credential"
	}
	return redactedTextAs(x.Value, name)
}

// maxSearched bounds the text of an attribute that is searched for secrets, in bytes: far more than is kept of it. Searching
// megabytes of which two kilobytes are kept would let a sender occupy the collector.
const maxSearched = 16 << 10

// redactedText is the text of a member without its secrets.
func redactedText(v literal.Value) string { return redactedTextAs(v, v.Key) }

func redactedTextAs(v literal.Value, name string) string {
	if v.Kind == literal.String {
		v.Text = redact.Cut(v.Text, maxSearched)
	}
	v, _ = redact.Named(v, name)
	return v.String()
}
