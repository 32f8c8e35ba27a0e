package oslo

import (
	"errors"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// The reasons for which what a log holds is no notification, beside those of a body.
const (
	// ReasonPythonLiteral is a native line whose payload is no Python literal.
	ReasonPythonLiteral Reason = "python_literal"
	// ReasonTruncated is an event that ends before it is complete.
	ReasonTruncated Reason = "truncated"
	// ReasonPartial is a piece of a line that the container runtime cut, and nobody joined.
	ReasonPartial Reason = "partial"
	// ReasonQuoted is a line of another logger which quotes an event: a user can type such a text.
	ReasonQuoted Reason = "quoted"
)

var (
	errPartial   = errors.New("a piece of a line which the container runtime cut")
	errQuoted    = errors.New("an event within the message of another logger")
	errNoLiteral = errors.New("the line ends before its event begins")
	errLeftOut   = errors.New("a journal entry without its message, which journalctl left out")
	errMention   = errors.New("a CADF event in a form that is not known")
	errNotCADF   = errors.New("the payload of a native line is no CADF event")
)

// maxWrappers bounds how many log records may stand around an event: a container
// runtime's, a shipper's, oslo.log's own, and one to spare.
const maxWrappers = 4

// maxBroken bounds how often one text is tried where it does not parse, so that
// the work stays linear in its length.
const maxBroken = 16

// ParseLine finds the notifications in the text of a log record, whatever stands
// before, between and behind them; a text that is as a whole a v1 or v2 envelope
// or a bare CADF event is one too. The error, always a *DecodeError, says that
// the text holds what looks like an event and could not be read; what could be
// read is returned beside it. Nothing at all: no audit event.
func ParseLine(text string) ([]Notification, error) {
	if !MayHoldEvent(text) {
		return nil, nil
	}
	var f finder
	f.text(text, Line{}, false, 0)
	return f.result()
}

// ParseFields is ParseLine for a log record that was parsed into fields already.
func ParseFields(record literal.Value) ([]Notification, error) {
	var f finder
	f.fields(record, Line{}, 0)
	return f.result()
}

// finder collects what a log record holds.
type finder struct {
	found  []Notification
	err    *DecodeError
	broken int
}

func (f *finder) result() ([]Notification, error) {
	if f.err == nil {
		return f.found, nil
	}
	return f.found, f.err
}

// fail keeps the first reason: the text is kept once.
func (f *finder) fail(reason Reason, err error) {
	f.broken++
	if f.err == nil {
		f.err = &DecodeError{Reason: reason, Err: err}
	}
}

// failSyntax fails for an error of the parser of text, which may be for want of more text.
func (f *finder) failSyntax(reason Reason, text string, err error) {
	if truncated(text, err) {
		reason = ReasonTruncated
	}
	f.fail(reason, err)
}

// truncated says whether reading stopped where the text stops; the last few bytes
// may be half a word or escape.
func truncated(text string, err error) bool {
	var syntax *literal.SyntaxError
	return errors.As(err, &syntax) && len(strings.TrimRight(text, " \r\n"))-syntax.Offset < len(`\U0001f389`)
}

// add takes a notification that was found with what its line knew.
func (f *finder) add(n Notification, line Line) {
	if line != (Line{}) {
		n.Line = &line
	}
	f.found = append(f.found, n)
}

// addDocument takes a document that is an envelope or a notification.
func (f *finder) addDocument(v literal.Value, line Line) {
	n, err := FromValue(v)
	if decode, ok := errors.AsType[*DecodeError](err); ok {
		f.fail(decode.Reason, decode.Err)
		return
	}
	f.add(n, line)
}

// addNative takes the event of a native line.
func (f *finder) addNative(eventType string, payload literal.Value, line Line) {
	if !cadf.IsEvent(payload) {
		f.fail(ReasonNotNotification, errNotCADF)
		return
	}
	if eventType == "" {
		eventType = NativeEventType
	}
	n := Notification{EventType: eventType, Native: true}
	n.setPayload(payload)
	f.add(n, line)
}

// isMessage says whether an object is an event as a whole: an envelope, a
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
