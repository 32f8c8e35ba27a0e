package oslo

import (
	"errors"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// The reasons for which a log record has no notification, beside those of a body.
const (
	// ReasonPythonLiteral is a native line whose payload is no Python literal.
	ReasonPythonLiteral Reason = "python_literal"
	// ReasonTruncated is an event that ends before it is complete.
	ReasonTruncated Reason = "truncated"
	// ReasonPartial is a piece of a line that the container runtime cut, and nobody joined.
	ReasonPartial Reason = "partial"
)

// The reasons for which a text that looks like an event is none: somebody may have typed it.
const (
	// ReasonOtherLogger is a record of a logger that writes no events.
	ReasonOtherLogger Reason = "other_logger"
	// ReasonNoLogger is a record that does not say which logger wrote it.
	ReasonNoLogger Reason = "no_logger"
	// ReasonNotAtStart is a record of a logger that writes events, whose message does not begin with one.
	ReasonNotAtStart Reason = "not_at_start"
	// ReasonAccessLine is a line of a web server's access log.
	ReasonAccessLine Reason = "access_line"
	// ReasonUserSession is a journal entry of a process in somebody's login session.
	ReasonUserSession Reason = "user_session"
	// ReasonMoreThanOne is text behind an event that looks like another one.
	ReasonMoreThanOne Reason = "more_than_one"
)

var (
	errPartial     = errors.New("a piece of a line which the container runtime cut")
	errOtherLogger = errors.New("the logger that wrote it writes no events")
	errNoLogger    = errors.New("nothing says which logger wrote it")
	errNotAtStart  = errors.New("the logger's message does not begin with the event")
	errAccessLine  = errors.New("a line of an access log")
	errUserSession = errors.New("a journal entry from a login session")
	errMoreThanOne = errors.New("text behind the event which looks like another one")
	errNoEvent     = errors.New("the line ends before its event begins")
	errLeftOut     = errors.New("a journal entry without its message, which journalctl left out")
	errNotCADF     = errors.New("the payload of a native line is no CADF event")
	errNoLabel     = errors.New("no payload where a native line has it")
)

// maxLayers bounds the records around a message: a container runtime's, a shipper's, oslo.log's own, and one to spare.
const maxLayers = 4

// LineReader reads the event that a log record has. The logger that wrote the record decides whether it has one, for people type into
// logs: the record has to name a logger that writes events, in a field or in oslo.log's header, and the event has to begin that logger's
// message. What stands around the message is taken off by its own grammar, from the first byte on.
type LineReader struct {
	// Loggers are further loggers that write events. A name that ends with * stands for all that begin so.
	Loggers []string
	// TrustUnnamed takes the event with which a line begins where the line names no logger.
	TrustUnnamed bool
}

// ReadText reads the text of a log record: at most one notification. The error, always a *DecodeError, says why the text, or what is left
// of it behind the notification, looks like an event and is none. Neither: no audit event.
func (r LineReader) ReadText(text string) (*Notification, error) {
	return r.result(r.text(text, source{}))
}

// ReadFields is ReadText for a record that was parsed into fields already. logger is what the record names beside its fields, or empty.
func (r LineReader) ReadFields(record literal.Value, logger string) (*Notification, error) {
	return r.result(r.record(record, source{logger: logger}))
}

func (LineReader) result(n *Notification, failure *DecodeError) (*Notification, error) {
	if failure == nil {
		return n, nil
	}
	return n, failure
}

// source is what is known about a text before it is read.
type source struct {
	line Line
	// logger is the logger that the fields around the text name; empty where they name none.
	logger string
	// message reports that the service itself wrote these fields, or that they were parsed from its header: then the text is the logger's
	// message, and whatever it looks like is what somebody typed.
	message bool
	layers  int
}

// text reads a text in its wrappers.
func (r LineReader) text(text string, s source) (*Notification, *DecodeError) {
	if !MayHoldEvent(text) {
		return nil, nil
	}
	text = trimStart(stripColors(text))
	if s.message {
		return r.message(text, s)
	}
	text, h, piece := r.unwrap(text)
	if piece {
		return nil, refuse(text, ReasonPartial, errPartial)
	}
	if strings.HasPrefix(text, "{") {
		return r.document(text, s)
	}
	switch {
	case h.logger != "":
		s.logger = h.logger
	case s.logger == "" && isAccessLine(text):
		return nil, refuse(text, ReasonAccessLine, errAccessLine)
	case s.logger == "" && !r.TrustUnnamed:
		return nil, refuse(text, ReasonNoLogger, errNoLogger)
	}
	s.line = h.add(s.line)
	s.line.PlainText = true
	n, rest, failure := r.event(text[h.message:], s)
	if line, _, _ := strings.Cut(rest, "\n"); looksLikeEvent(line) && h.mayHoldNames() {
		n = nil // a name in the context may have closed it
	}
	return orMoreThanOne(n, failure, rest)
}

// message reads the message of a logger that a field names. The message may have oslo.log's header of the same logger, as journald's has.
func (r LineReader) message(text string, s source) (*Notification, *DecodeError) {
	if _, ok := r.formOf(s.logger); !ok {
		return nil, refuse(text, ReasonOtherLogger, errOtherLogger)
	}
	if h := readHeader(text); h.logger == s.logger {
		s.line, text = h.add(s.line), text[h.message:]
	}
	n, rest, failure := r.event(text, s)
	return orMoreThanOne(n, failure, rest)
}

// document reads a text that is a JSON object: a record in fields, or an event as a whole.
func (r LineReader) document(text string, s source) (*Notification, *DecodeError) {
	record, rest, err := parseJSON(text, recordShape)
	if err != nil {
		if !looksLikeEvent(text) {
			return nil, nil
		}
		return nil, syntaxFailure(ReasonJSON, text, err)
	}
	n, failure := r.record(record, s)
	return orMoreThanOne(n, failure, rest)
}

// orMoreThanOne adds that what follows an event looks like another one. A record has one event.
func orMoreThanOne(n *Notification, failure *DecodeError, rest string) (*Notification, *DecodeError) {
	if failure == nil {
		failure = refuse(rest, ReasonMoreThanOne, errMoreThanOne)
	}
	return n, failure
}

// refuse gives the reason for which a text has no event, if it looks as though it had one.
func refuse(text string, reason Reason, err error) *DecodeError {
	if !looksLikeEvent(text) {
		return nil
	}
	return &DecodeError{Reason: reason, Err: err}
}

// looksLikeEvent reports whether a text has what only notifications and CADF events have.
func looksLikeEvent(text string) bool {
	return strings.Contains(text, "schemas.dmtf.org/cloud/audit/") || strings.Contains(text, "event_type") &&
		(strings.Contains(text, "payload") || strings.Contains(text, "publisher_id") || strings.Contains(text, "message_id"))
}

// syntaxFailure is an error of the parser of a text, which may be for want of more text.
func syntaxFailure(reason Reason, text string, err error) *DecodeError {
	var syntax *literal.SyntaxError
	// The last few bytes may be half a word or escape.
	if errors.As(err, &syntax) && len(strings.TrimRight(text, " \r\n"))-syntax.Offset < len(`\U0001f389`) {
		reason = ReasonTruncated
	}
	return &DecodeError{Reason: reason, Err: err}
}
