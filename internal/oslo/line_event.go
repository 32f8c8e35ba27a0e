package oslo

import (
	"errors"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// The texts with which the messages of events begin that are Python literals, and the labels within.
const (
	nativeMarker  = "Event type: "
	unsentMarker  = "Could not send notification to "
	contextLabel  = ", Context: "
	payloadLabel  = ", Payload: "
	payloadEquals = "Payload="
)

// event reads the event with which a logger's message begins, and returns what follows it.
func (r LineReader) event(message string, s source) (n *Notification, rest string, failure *DecodeError) {
	form, ok := r.formOf(s.logger)
	if !ok {
		return nil, "", refuse(message, ReasonOtherLogger, errOtherLogger)
	}
	nativeText, isNative := strings.CutPrefix(message, nativeMarker)
	unsentText, isUnsent := strings.CutPrefix(message, unsentMarker)
	switch {
	case form&notification != 0 && strings.HasPrefix(message, "{"):
		return r.readNotification(message, s)
	case form&native != 0 && isNative:
		return readNative(nativeText, s.line)
	case form&unsent != 0 && isUnsent:
		return readUnsent(unsentText, s.line)
	case form == notification && strings.IndexByte(message, '{') < 0: // the driver writes nothing else
		return nil, "", &DecodeError{Reason: ReasonTruncated, Err: errNoEvent}
	default:
		return nil, "", refuse(message, ReasonNotAtStart, errNotAtStart)
	}
}

// readNotification reads a notification as JSON.
func (r LineReader) readNotification(text string, s source) (n *Notification, rest string, failure *DecodeError) {
	v, rest, err := parseJSON(text, recordShape)
	if err != nil {
		return nil, "", syntaxFailure(ReasonJSON, text, err)
	}
	if s.message && !isMessage(v) { // the record as it was, beside its fields
		n, failure = r.record(v, s)
		return n, rest, failure
	}
	n, failure = fromDocument(v, s.line)
	return n, rest, failure
}

// readNative reads "<event type>, Context: {…}, Payload: {…}". The first literal
// ends the context and the second one the event, for users' texts may have labels.
func readNative(text string, line Line) (n *Notification, rest string, failure *DecodeError) {
	eventType, found := cutNear(text, contextLabel)
	if !found {
		if strings.HasPrefix(text, "audit.") && len(text) < maxHeaderBytes {
			failure = &DecodeError{Reason: ReasonTruncated, Err: errNoEvent}
		}
		return nil, "", failure
	}
	text = text[len(eventType)+len(contextLabel):]
	_, rest, err := parsePython(text, nothing)
	if err != nil {
		return nil, "", syntaxFailure(ReasonPythonLiteral, text, err)
	}
	text, found = strings.CutPrefix(rest, payloadLabel)
	switch {
	case !found && strings.HasPrefix(payloadLabel, rest):
		return nil, "", &DecodeError{Reason: ReasonTruncated, Err: errNoEvent}
	case !found:
		return nil, "", &DecodeError{Reason: ReasonPythonLiteral, Err: errNoLabel}
	}
	payload, rest, err := parsePython(text, payloadShape)
	if err != nil {
		return nil, "", syntaxFailure(ReasonPythonLiteral, text, err)
	}
	n, failure = fromPayload(eventType, payload, line)
	return n, rest, failure
}

// readUnsent reads "<topic>. Payload={…}".
func readUnsent(text string, line Line) (n *Notification, rest string, failure *DecodeError) {
	topic, found := cutNear(text, payloadEquals)
	if !found {
		return nil, "", nil
	}
	text = text[len(topic)+len(payloadEquals):]
	v, rest, err := parsePython(text, messageShape)
	if err != nil {
		return nil, "", syntaxFailure(ReasonPythonLiteral, text, err)
	}
	n, failure = fromDocument(v, line)
	return n, rest, failure
}

// cutNear returns what stands before a label that is near.
func cutNear(text, label string) (before string, found bool) {
	before, _, found = strings.Cut(text[:min(len(text), maxHeaderBytes)], label)
	return before, found
}

// fromDocument takes a document that is an envelope or a notification.
func fromDocument(v literal.Value, line Line) (*Notification, *DecodeError) {
	n, err := FromValue(v)
	if failure, ok := errors.AsType[*DecodeError](err); ok {
		return nil, failure
	}
	return n.from(line), nil
}

// fromPayload takes the event of a native line.
func fromPayload(eventType string, payload literal.Value, line Line) (*Notification, *DecodeError) {
	if !cadf.IsEvent(payload) {
		return nil, &DecodeError{Reason: ReasonNotNotification, Err: errNotCADF}
	}
	if eventType == "" {
		eventType = NativeEventType
	}
	n := Notification{EventType: eventType, Native: true, Cut: payload.Cut}
	n.setPayload(payload)
	return n.from(line), nil
}

// from adds what the line around a notification knew.
func (n *Notification) from(line Line) *Notification {
	if line != (Line{}) {
		n.Line = &line
	}
	return n
}

// isMessage reports whether an object is an event as a whole: an envelope, a
// notification, or CADF.
func isMessage(v literal.Value) bool {
	_, enveloped := v.Get("oslo.message")
	if _, ok := v.Get("oslo.version"); ok && enveloped {
		return true
	}
	_, typed := v.Get("event_type")
	if _, ok := v.Get("payload"); ok && typed {
		return true
	}
	_, typed = v.Get("typeURI") // other programs too log an eventType and an action
	return typed && cadf.IsEvent(v)
}
