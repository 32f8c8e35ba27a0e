package auditlog

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/redact"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// writeRaw keeps what is no notification: the text as the body, why it could not
// be read, and neither an event name nor a severity, which nobody knows.
func (m *Mapper) writeRaw(r *Record, e *audit.Event, lr plog.LogRecord, w *writer) {
	w.longID(r)
	w.fields(e)
	w.text(audit.AttrNotificationDecodeError, string(r.DecodeError.Reason))
	if r.message.isCut() { // of what was left out nothing is known but how much it was
		w.truncated = true
		lr.Body().SetStr(w.cut(redact.Text(printable(string(r.message.Body))), m.config.MaxBodySizeKiB<<10))
		w.integer(audit.AttrNotificationBodySize, r.message.Size)
		return
	}
	m.setRawBody(r.message.Body, lr, w)
}

// setRawBody sets the body to text. Where that is not all of the bytes as they
// were, their number and SHA-256 say what they had been.
func (m *Mapper) setRawBody(raw []byte, lr plog.LogRecord, w *writer) {
	limit := m.config.MaxBodySizeKiB << 10
	head := w.cut(string(raw[:min(len(raw), limit+1)]), limit)
	text := w.cut(redact.Text(printable(head)), limit)
	lr.Body().SetStr(text)
	if len(text) != len(raw) || text != string(raw) {
		sum := sha256.Sum256(raw)
		w.integer(audit.AttrNotificationBodySize, int64(len(raw)))
		w.text(audit.AttrNotificationBodySHA256, hex.EncodeToString(sum[:]))
	}
}

// printable writes bytes that are no UTF-8 as \xNN.
func printable(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b.WriteString(`\x`)
			b.WriteString(hex.EncodeToString([]byte{s[i]}))
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// writeOther passes on a notification that is no audit event: its name and payload.
func (m *Mapper) writeOther(r *Record, e *audit.Event, lr plog.LogRecord, w *writer) {
	n := &r.notification
	w.longID(r)
	w.fields(e)
	w.extras(n.Extras)
	lr.SetEventName(m.eventNameOf(n.EventType))
	if !r.sent.IsZero() {
		lr.SetTimestamp(pcommon.NewTimestampFromTime(r.sent))
	}
	lr.SetSeverityNumber(sourceSeverity(n))
	m.setPayloadBody(r, lr, w)
}

// maxBodyDepth bounds the nesting of a body: Elasticsearch refuses a document that
// nests more than 20 levels, and no event does.
const maxBodyDepth = 16

// setPayloadBody makes a map of the payload the body; where it is none, or too
// deep or too long for one, the body is its text.
func (m *Mapper) setPayloadBody(r *Record, lr plog.LogRecord, w *writer) {
	payload, _ := m.hideTyped(r, r.notification.Payload())
	payload, _ = redact.Named(payload, "") // payload is a member of the notification, and no secret
	text := payload.AppendJSON(nil)
	if payload.Kind != literal.Object || len(text) > m.config.MaxBodySizeKiB<<10 || deeperThan(payload, maxBodyDepth) {
		m.setRawBody(text, lr, w)
		return
	}
	if w.clones {
		payload, _, _ = literal.ParseJSON(string(text)) // it was one before
	}
	setValue(lr.Body(), payload)
}

func deeperThan(v literal.Value, depth int) bool {
	return !v.Scalar() && (depth == 0 || slices.ContainsFunc(v.Items, func(item literal.Value) bool {
		return deeperThan(item, depth-1)
	}))
}

func setValue(dst pcommon.Value, v literal.Value) {
	switch v.Kind {
	case literal.Null:
	case literal.Bool:
		dst.SetBool(v.Text == "true")
	case literal.Number:
		setNumber(dst, v.Text)
	case literal.String:
		dst.SetStr(v.Text)
	case literal.Array:
		slice := dst.SetEmptySlice()
		for _, item := range v.Items {
			setValue(slice.AppendEmpty(), item)
		}
	case literal.Object:
		m := dst.SetEmptyMap()
		for _, item := range v.Items {
			setValue(m.PutEmpty(memberName(item.Key)), item)
		}
	}
}

// setNumber keeps as text what no number of a record holds: integers of more than
// 64 bits, and Python's NaN and Infinity.
func setNumber(dst pcommon.Value, text string) {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		dst.SetInt(i)
	} else if f, err := strconv.ParseFloat(text, 64); err == nil && strings.ContainsAny(text, ".eE") {
		dst.SetDouble(f)
	} else {
		dst.SetStr(text)
	}
}

// original is the notification as received or, where it held secrets, was compressed or was too large to be read whole, written
// again as plain text without them.
func (m *Mapper) original(r *Record, w *writer) string {
	limit := m.config.MaxBodySizeKiB << 10
	payload, typed := m.hideTyped(r, r.notification.Payload())
	payload, secret := redact.Named(payload, "")
	n := &r.notification
	if !typed && !secret && !n.Cut && utf8.Valid(r.message.Body) {
		head := redact.Cut(string(r.message.Body[:min(len(r.message.Body), limit+1)]), limit)
		if redact.Text(head) == head {
			w.truncated = w.truncated || len(head) < len(r.message.Body)
			return head
		}
	}
	document := literal.Value{Kind: literal.Object}
	for _, member := range [...]struct{ key, text string }{
		{"message_id", n.MessageID}, {"publisher_id", n.PublisherID}, {"event_type", n.EventType},
		{"priority", n.Priority}, {"timestamp", n.Timestamp},
	} {
		if member.text != "" {
			document.Items = append(document.Items, literal.Value{Kind: literal.String, Key: member.key, Text: redact.Text(member.text)})
		}
	}
	payload.Key = "payload"
	document.Items = append(document.Items, payload)
	return w.cut(string(document.AppendJSON(nil)), limit)
}

// hideTyped takes what an unknown user typed out of a payload, and reports whether
// that is to be hidden at all.
func (m *Mapper) hideTyped(r *Record, payload literal.Value) (literal.Value, bool) {
	if m.config.UnknownUserNames == derive.UnknownUserNamesKeep || r.Kind != oslo.KindCADF {
		return payload, false
	}
	e := &r.notification.Event
	if !e.HasInitiator || !derive.UnknownUser(&r.notification) {
		return payload, false
	}
	typed := map[string]bool{e.Reason.Type: true}
	for _, name := range []string{e.Initiator.SubmittedName, e.Initiator.UserID, e.Initiator.Name, e.Initiator.Username} {
		if name != "" {
			typed[name] = true
		}
	}
	return maskTexts(payload, typed), true
}

// maskTexts returns v with the strings that are in texts masked.
func maskTexts(v literal.Value, texts map[string]bool) literal.Value {
	if v.Kind == literal.String && texts[v.Text] {
		v.Text = redact.Masked
		return v
	}
	items := make([]literal.Value, len(v.Items))
	for i, item := range v.Items {
		items[i] = maskTexts(item, texts)
	}
	v.Items = items
	return v
}
