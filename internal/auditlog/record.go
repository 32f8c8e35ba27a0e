package auditlog

import (
	"encoding/hex"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/redact"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// facts are what is derived from a notification, once.
type facts struct {
	texts
	identity bool
	service  *service
	// status is the HTTP status, 0 where the reason is none of HTTP.
	status     int
	reasonType string
	query      string

	timestamp time.Time
	// eventTime is the time of the event where the timestamp is another, and began the same, zero where it is no time.
	eventTime string
	began     time.Time
	// fromReporter says that the timestamp is that of the last reporter.
	fromReporter bool
	// duration is from eventTime to the last reporter, in seconds; negative: not known.
	duration float64

	// hidden says that the user's name may be a password and is kept out of the record.
	hidden bool
	// extras are fields that have a place on other records, not on this one.
	extras []cadf.Extra
}

// find derives the facts.
func (f *facts) find(m *Mapper, r *Record, s *service) {
	n := &r.notification
	e := &n.Event
	f.identity, f.service, f.eventType = strings.HasPrefix(n.EventType, "identity."), s, n.EventType
	targetType, operation := splitIdentityEvent(n.EventType)
	if e.Reason.Type == "HTTP" {
		f.status = reasonCode(e.Reason.Code)
		f.redirected = isRedirection(f.status)
	}
	f.urlPath, f.query, _ = strings.Cut(redact.URL(e.RequestPath), "?")
	if f.identity {
		if f.action = identityAction(n, targetType, operation); f.action == audit.ActionAuthenticate {
			targetType = ""
		}
	}
	if f.target, f.path = targetOf(n, targetType, f.urlPath); !f.identity {
		f.action = requestAction(e, f.urlPath, f.path, f.status)
	}
	f.category = categoryOf(n, targetType, f.action)
	if e.Action != f.action && !turnedRound(n.EventType, e.Action) {
		f.rawAction = e.Action
	}
	f.outcome = outcomeOf(n)
	f.errorType = errorTypeOf(n, f.action, f.outcome)
	f.actor = m.actorOf(n, f.action, f.errorType)
	f.clientAddress, f.identityProviderID = plainAddress(e.Initiator.Host.Address), e.Initiator.Credential.IdentityProvider
	if e.Target.TypeURI != keystoneUserURI || !f.identity {
		f.cadfTargetTypeURI = e.Target.TypeURI
	}
	f.reasonType = redact.Text(e.Reason.Type)
	f.hidden = f.errorType == audit.ErrorUserNotFound && m.config.UnknownUserNames != UnknownUserNamesKeep
	if f.hidden {
		f.reasonType = strings.TrimSuffix(userNotFoundPrefix, ":")
	}
	f.extras = leftovers(n, f)
	f.setTimes(r)
}

// setTimes finds when it happened. A response repeats the eventTime of its
// request, since keystonemiddleware uses one event for both: there the last
// reporter's time is the event's, keystonemiddleware/audit/_api.py mod_audit_event.
func (f *facts) setTimes(r *Record) {
	e := &r.notification.Event
	f.began, _ = parseTime(e.EventTime)
	f.duration = -1
	if r.notification.EventType == httpResponseEvent {
		if steps := len(e.ReporterChain); steps > 0 {
			if ended, ok := parseTime(e.ReporterChain[steps-1].Time); ok {
				f.timestamp, f.fromReporter = ended, true
				if !f.began.IsZero() {
					f.duration = ended.Sub(f.began).Seconds()
				}
			}
		}
		if f.timestamp.IsZero() {
			f.timestamp = r.sent
		}
	}
	if f.timestamp.IsZero() {
		f.timestamp = f.began
	}
	if f.timestamp.IsZero() {
		f.timestamp = r.sent
	}
	if e.EventTime != "" && (f.began.IsZero() || !f.began.Equal(f.timestamp)) {
		f.eventTime = e.EventTime
	}
}

// write fills in a log record by way of w, and reports whether anything was cut.
func (m *Mapper) write(r *Record, s *service, lr plog.LogRecord, w *writer) (truncated bool) {
	w.begin(lr.Attributes(), s, r)
	w.publisher(r.message.Publisher) // first: a sender must not be able to crowd it out
	n := &r.notification
	switch r.Kind {
	case KindRaw:
		m.writeRaw(r, lr, w)
	case KindOther:
		m.writeOther(r, lr, w)
	default:
		var f facts
		f.find(m, r, s)
		m.writeAudit(r, &f, lr, w)
	}
	m.writeObserved(r, lr)
	setTraceContext(r.message.TraceParent, lr)
	if m.config.IncludeOriginal && r.Kind != KindRaw {
		lr.Attributes().PutStr(audit.AttrRecordOriginal, m.original(r, w))
	}
	if n.Priority != "" {
		lr.SetSeverityText(w.own(w.cut(n.Priority, maxNameBytes)))
	} else if n.Line != nil {
		lr.SetSeverityText(w.own(w.cut(n.Line.Level, maxNameBytes)))
	}
	if w.truncated {
		lr.Attributes().PutBool(audit.AttrAuditTruncated, true)
	}
	lr.SetDroppedAttributesCount(w.dropped)
	return w.truncated
}

func (m *Mapper) writeAudit(r *Record, f *facts, lr plog.LogRecord, w *writer) {
	n := &r.notification
	w.attributes.EnsureCapacity(28)
	w.recordUID(r)
	w.text(audit.AttrAuditCategory, f.category)
	w.text(audit.AttrAuditAction, f.action)
	w.text(audit.AttrAuditOutcome, f.outcome)
	w.text(audit.AttrErrorType, f.errorType)
	w.envelope(r)
	w.actor(&f.actor)
	w.initiator(&n.Event.Initiator, f)
	w.target(&f.target)
	if n.Kind == oslo.KindCADF {
		w.event(n, f)
		w.cadfTarget(n, f)
		w.observer(&n.Event.Observer, f.service)
	}
	if f.duration >= 0 {
		w.double(audit.AttrAuditDuration, f.duration)
	}
	w.signed(n)
	w.rest(n, f)

	lr.SetEventName(m.eventNameOf(n.EventType))
	if !f.timestamp.IsZero() {
		lr.SetTimestamp(pcommon.NewTimestampFromTime(f.timestamp))
	}
	lr.SetSeverityNumber(m.severity(n, f))
	switch m.config.Body {
	case BodySummary:
		if w.truncated { // the sentence must not depend on when it is rendered
			f.texts = texts{}
			f.read(lr.Attributes())
		}
		lr.Body().SetStr(w.made.sentence(f.service.name, &f.texts))
	case BodyOriginal:
		m.setPayloadBody(r, lr, w)
	}
}

func (w *writer) envelope(r *Record) {
	n := &r.notification
	w.text(audit.AttrNotificationEventType, n.EventType)
	w.text(audit.AttrNotificationPublisherID, n.PublisherID)
	w.text(audit.AttrNotificationTimestamp, w.made.isoTime(n.Timestamp, r.sent))
	if n.Line != nil && n.Line.PlainText {
		w.boolean(audit.AttrNotificationPlainText, true)
	}
}

func (w *writer) publisher(p *Publisher) {
	if p != nil {
		w.text(audit.AttrPeerAddress, p.Address)
		w.name(audit.AttrTLSClientSubject, p.CertificateSubject)
	}
}

// setTraceContext takes over a W3C traceparent: 00-<trace id>-<span id>-<flags>.
func setTraceContext(traceParent string, lr plog.LogRecord) {
	if traceParent == "" {
		return
	}
	parts := strings.Split(traceParent, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || parts[0] == "ff" {
		return
	}
	var (
		trace pcommon.TraceID
		span  pcommon.SpanID
		flags [1]byte
	)
	if !decodeHex(trace[:], parts[1]) || !decodeHex(span[:], parts[2]) || !decodeHex(flags[:], parts[3]) ||
		trace.IsEmpty() || span.IsEmpty() {
		return
	}
	lr.SetTraceID(trace)
	lr.SetSpanID(span)
	lr.SetFlags(plog.DefaultLogRecordFlags.WithIsSampled(flags[0]&1 == 1))
}

func decodeHex(dst []byte, s string) bool {
	if len(s) != hex.EncodedLen(len(dst)) {
		return false
	}
	_, err := hex.Decode(dst, []byte(s))
	return err == nil
}
