package oslo

import (
	"errors"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// The labels within the lines that hold Python literals.
const (
	contextLabel  = ", Context: "
	payloadLabel  = ", Payload: "
	payloadEquals = "Payload="
)

var errNoLabel = errors.New("no payload where a native line has it")

// readNative reads "Event type: …, Context: {…}, Payload: {…}". The first literal
// ends the context and the second one the event, for users' texts may hold labels.
func (f *finder) readNative(s *scanner, line Line) {
	eventType, found := cutNear(s.text[s.pos:], contextLabel)
	if !found {
		if rest := s.text[s.pos:]; strings.HasPrefix(rest, "audit.") && len(rest) < maxHeaderBytes {
			f.fail(ReasonTruncated, errNoLiteral)
		}
		return
	}
	document := s.text[s.pos+len(eventType)+len(contextLabel):]
	_, rest, err := literal.ParsePython(document)
	if err != nil {
		f.failSyntax(ReasonPythonLiteral, document, err)
		s.leaveLine()
		return
	}
	document, found = strings.CutPrefix(rest, payloadLabel)
	if !found {
		if strings.HasPrefix(payloadLabel, rest) {
			f.fail(ReasonTruncated, errNoLiteral)
		} else {
			f.fail(ReasonPythonLiteral, errNoLabel)
		}
		s.leaveLine()
		return
	}
	payload, rest, err := literal.ParsePython(document)
	if err != nil {
		f.failSyntax(ReasonPythonLiteral, document, err)
		s.leaveLine()
		return
	}
	f.addNative(eventType, payload, line)
	s.leaveEvent(rest)
}

// readUnsent reads "Could not send notification to <topic>. Payload={…}".
func (f *finder) readUnsent(s *scanner, line Line) {
	topic, found := cutNear(s.text[s.pos:], payloadEquals)
	if !found {
		return
	}
	document := s.text[s.pos+len(topic)+len(payloadEquals):]
	v, rest, err := literal.ParsePython(document)
	if err != nil {
		f.failSyntax(ReasonPythonLiteral, document, err)
		s.leaveLine()
		return
	}
	f.addDocument(v, line)
	s.leaveEvent(rest)
}

// cutNear returns what stands before a label that is near, as a marker's is.
func cutNear(text, label string) (before string, found bool) {
	before, _, found = strings.Cut(text[:min(len(text), maxHeaderBytes)], label)
	return before, found
}

// nativeArguments reads the arguments of a native message that a JSON formatter
// kept apart: they need no literals. keystonemiddleware passes the event type among
// them, openstack-audit-middleware has it in the message.
func (f *finder) nativeArguments(record literal.Value, line Line) bool {
	message, _ := record.Get("msg")
	arguments, _ := record.Get("args")
	if text, ok := strings.CutPrefix(message.Text, nativeMarker); ok {
		payload, ok := arguments.Get("payload")
		if !ok || payload.Kind != literal.Object {
			return false
		}
		eventType, _, _ := strings.Cut(text, contextLabel)
		if v, ok := arguments.Get("event_type"); ok {
			eventType = v.Text
		}
		f.addNative(eventType, payload, line)
		return true
	}
	if strings.HasPrefix(message.Text, unsentMarker) {
		if v, ok := arguments.Get("message"); ok && isMessage(v) {
			f.addDocument(v, line)
			return true
		}
	}
	return false
}
