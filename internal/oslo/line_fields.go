package oslo

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// lineKey is the field in which container runtimes and fluent-bit have a line as the container wrote it: what stands beside it is theirs.
const lineKey = "log"

// messageKeys are the fields in which a log record's text is: those of oslo.log's
// JSON and fluent formatters, of journald, of Kolla's fluentd, and of OpenShift's
// collector for what it parsed.
var messageKeys = [...]string{"message", lineKey, "MESSAGE", "msg", "Payload", "structured"}

// sessionFields are those that journald itself writes for a process in somebody's
// login session or user manager, systemd.journal-fields(7).
var sessionFields = [...]string{"_SYSTEMD_SESSION", "_SYSTEMD_OWNER_UID", "_SYSTEMD_USER_UNIT"}

// IsMessageKey reports whether a field or attribute of that name may have the text of a log record.
func IsMessageKey(key string) bool { return slices.Contains(messageKeys[:], key) }

// record reads a record in fields: an event as a whole, or what is around its text.
func (r LineReader) record(record literal.Value, s source) (*Notification, *DecodeError) {
	if record.Kind != literal.Object {
		return nil, nil
	}
	if s.layers++; s.layers > maxLayers {
		return nil, refuse(record.String(), ReasonNoLogger, errNoLogger)
	}
	if isMessage(record) {
		return r.whole(record, s)
	}
	s.line = s.line.withRecord(record)
	if logger, plain := loggerOf(record); logger != "" {
		s.logger, s.message, s.line.PlainText = logger, true, plain
	}
	if n, failure := r.arguments(record, s); n != nil || failure != nil {
		return n, failure
	}
	for _, key := range messageKeys {
		v, ok := record.Get(key)
		if !ok {
			continue
		}
		inner := s
		inner.message = s.message && key != lineKey
		if n, failure := r.field(record, v, inner); n != nil || failure != nil {
			return n, mendPartial(record, key, v, failure)
		}
	}
	if _, ok := r.formOf(s.logger); ok && s.message && leftOut(record) {
		return nil, &DecodeError{Reason: ReasonTruncated, Err: errLeftOut}
	}
	return nil, nil
}

// field reads the field of a record that has its text.
func (r LineReader) field(record, v literal.Value, s source) (*Notification, *DecodeError) {
	text := v.Text
	switch v.Kind {
	case literal.Object:
		if s.message && !isMessage(v) { // a message that a shipper parsed; its members are what somebody may have typed
			if _, ok := r.formOf(s.logger); !ok {
				return nil, refuse(v.String(), ReasonOtherLogger, errOtherLogger)
			}
		}
		if isInSession(record) {
			return nil, refuse(v.String(), ReasonUserSession, errUserSession)
		}
		return r.record(v, s)
	case literal.Array: // journald's form of text that is no UTF-8 or has control characters
		text = bytesOf(v)
	case literal.String:
	default:
		return nil, nil
	}
	if isInSession(record) {
		return nil, refuse(text, ReasonUserSession, errUserSession)
	}
	return r.text(text, s)
}

// whole takes an object that is an event as a whole, as the message of a logger is once a shipper has parsed it.
func (r LineReader) whole(v literal.Value, s source) (*Notification, *DecodeError) {
	form, ok := r.formOf(s.logger)
	switch {
	case s.logger == "" && !ok:
		return nil, refuse(v.String(), ReasonNoLogger, errNoLogger)
	case form&notification == 0:
		return nil, refuse(v.String(), ReasonOtherLogger, errOtherLogger)
	}
	if s.logger == "" {
		s.line.PlainText = true
	}
	return fromDocument(v, s.line)
}

// arguments reads the arguments of a message that a JSON formatter kept apart: they need no literals. keystonemiddleware passes the event
// type among them, openstack-audit-middleware has it in the message.
func (r LineReader) arguments(record literal.Value, s source) (*Notification, *DecodeError) {
	form, ok := r.formOf(s.logger)
	if !ok || !s.message || isInSession(record) {
		return nil, nil
	}
	message, _ := record.Get("msg")
	arguments, _ := record.Get("args")
	if text, ok := strings.CutPrefix(message.Text, nativeMarker); ok && form&native != 0 {
		payload, ok := arguments.Get("payload")
		if !ok || payload.Kind != literal.Object {
			return nil, nil
		}
		eventType, _, _ := strings.Cut(text, contextLabel)
		if v, ok := arguments.Get("event_type"); ok {
			eventType = v.Text
		}
		return fromPayload(eventType, payload, s.line)
	}
	if strings.HasPrefix(message.Text, unsentMarker) && form&unsent != 0 {
		if v, ok := arguments.Get("message"); ok && isMessage(v) {
			return fromDocument(v, s.line)
		}
	}
	return nil, nil
}

// leftOut recognises a journal entry whose message journalctl left out, as it does
// without --all where it is longer than 4 KiB.
func leftOut(record literal.Value) bool {
	message, ok := record.Get("MESSAGE")
	return ok && message.Kind == literal.Null
}

// isInSession reports whether journald says that a person wrote a record, as with logger(1).
func isInSession(record literal.Value) bool {
	return slices.ContainsFunc(record.Items, func(field literal.Value) bool { return slices.Contains(sessionFields[:], field.Key) })
}

// mendPartial names the reason for a piece of a line in Docker's json-file format:
// all but the last of a line's pieces have no line feed at the end.
func mendPartial(record literal.Value, key string, v literal.Value, failure *DecodeError) *DecodeError {
	_, docker := record.Get("stream")
	if docker && key == lineKey && v.Kind == literal.String && failure != nil && !strings.HasSuffix(v.Text, "\n") {
		return &DecodeError{Reason: ReasonPartial, Err: errPartial}
	}
	return failure
}

func bytesOf(v literal.Value) string {
	text := make([]byte, 0, len(v.Items))
	for _, item := range v.Items {
		b, err := strconv.ParseUint(item.Text, 10, 8)
		if err != nil {
			return ""
		}
		text = append(text, byte(b))
	}
	return string(text)
}

// withRecord adds what a record in fields says: oslo.log's JSON and fluent
// formatters, journald, and Kolla's fluentd.
func (l Line) withRecord(record literal.Value) Line {
	for _, m := range record.Items {
		if m.Key != "context" {
			set(l.textField(m.Key), m)
			continue
		}
		for _, c := range m.Items {
			set(l.contextField(c.Key), c)
		}
	}
	return l
}

// textField returns the field of a member of a record; nil where there is none.
func (l *Line) textField(key string) *string {
	switch key {
	case "levelname", "level", "LOGGER_LEVEL", "log_level":
		return &l.Level
	case "hostname", "_HOSTNAME", "Hostname":
		return &l.Hostname
	default:
		return nil
	}
}

// contextField returns the field of a member of a record's context; nil where there is none.
func (l *Line) contextField(key string) *string {
	switch key {
	case "user":
		return &l.UserID
	case "user_domain":
		return &l.UserDomainID
	case "project_id":
		return &l.ProjectID
	case "domain":
		return &l.DomainID
	case "request_id":
		return &l.RequestID
	case "global_request_id":
		return &l.GlobalRequestID
	default:
		return nil
	}
}

func set(field *string, v literal.Value) {
	if text := known(v.Text); field != nil && v.Kind == literal.String && text != "" {
		*field = text
	}
}
