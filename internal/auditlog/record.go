package auditlog

import (
	"cmp"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/redact"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/sentence"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// write fills in a log record by way of w, and reports whether anything was cut.
func (m *Mapper) write(r *Record, s *derive.Service, lr plog.LogRecord, w *writer) (truncated bool) {
	w.begin(lr.Attributes(), s, r)
	n := &r.notification
	e := &audit.Event{UID: r.UID()}
	if r.message.Publisher != nil {
		e.Publisher = *r.message.Publisher
	}
	source := derive.Source{Notification: n, Service: &s.Service, Sent: r.sent}
	switch r.Kind {
	case KindRaw:
		m.writeRaw(r, e, lr, w)
	case oslo.KindOther:
		w.deriver.Envelope(e, source)
		m.writeOther(r, e, lr, w)
	default:
		m.writeAudit(r, e, w.deriver.Derive(e, source), lr, w)
	}
	m.writeObserved(r, lr)
	r.message.Trace.write(lr)
	if m.config.IncludeOriginal && r.Kind != KindRaw {
		lr.Attributes().PutStr(audit.AttrRecordOriginal, m.original(r, w))
	}
	level := n.Priority
	if n.Line != nil {
		level = cmp.Or(level, n.Line.Level)
	}
	lr.SetSeverityText(w.own(w.cut(level, redact.MaxName)))
	if w.truncated {
		lr.Attributes().PutBool(audit.AttrAuditTruncated, true)
	}
	lr.SetDroppedAttributesCount(w.dropped)
	return w.truncated
}

// usualAttributes is how many attributes most records have at most.
const usualAttributes = 28

func (m *Mapper) writeAudit(r *Record, e *audit.Event, unplaced derive.Unplaced, lr plog.LogRecord, w *writer) {
	n := &r.notification
	w.attributes.EnsureCapacity(usualAttributes)
	w.longID(r)
	w.fields(e)
	w.signed(n)
	w.cadf(n, unplaced)
	lr.SetEventName(m.eventNameOf(n.EventType))
	if !e.Time.IsZero() {
		lr.SetTimestamp(pcommon.NewTimestampFromTime(e.Time))
	}
	lr.SetSeverityNumber(m.severity(n, e))
	switch m.config.Body {
	case BodySummary:
		if w.truncated { // the sentence must be the one that the record gives when it is read back
			*e = audit.Event{Service: e.Service}
			e.Read(lr)
			request.Restore(e)
		}
		w.sentence = sentence.Append(w.sentence[:0], e)
		lr.Body().SetStr(w.deriver.Texts.Keep(w.sentence))
	case BodyOriginal:
		m.setPayloadBody(r, lr, w)
	}
}

// longID keeps a message id that is too long to identify a record.
func (w *writer) longID(r *Record) {
	if id := r.notification.MessageID; len(id) > maxUIDBytes {
		w.extra("message_id", id)
	}
}
