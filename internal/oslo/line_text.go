package oslo

import (
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// markers announce an event; what each is followed by, read knows.
var markers = [...]string{loggerMarker, nativeMarker, unsentMarker}

// scanner goes through one text. It remembers where each marker stands next, so
// that the text is searched once.
type scanner struct {
	text string
	pos  int
	next [len(markers)]int
	// header is that of the line in which pos is, or of what follows an event.
	header header
}

func newScanner(text string) *scanner {
	s := &scanner{text: text, next: [len(markers)]int{-1, -1, -1}}
	s.header = findHeader(text, 0)
	return s
}

// marker returns the first marker from pos on.
func (s *scanner) marker() (which, at int, ok bool) {
	at = len(s.text)
	for i, marker := range markers {
		if s.next[i] < s.pos {
			if j := strings.Index(s.text[s.pos:], marker); j >= 0 {
				s.next[i] = s.pos + j
			} else {
				s.next[i] = len(s.text)
			}
		}
		if s.next[i] < at {
			which, at, ok = i, s.next[i], true
		}
	}
	return which, at, ok
}

// enterLine moves to the line that holds at.
func (s *scanner) enterLine(at int) {
	if i := strings.LastIndexByte(s.text[s.pos:at], '\n'); i >= 0 {
		s.pos += i + 1
		s.header = findHeader(s.text, s.pos)
	}
}

// leaveLine gives up the rest of the line.
func (s *scanner) leaveLine() {
	if i := strings.IndexByte(s.text[s.pos:], '\n'); i >= 0 {
		s.pos += i + 1
	} else {
		s.pos = len(s.text)
	}
	s.header = findHeader(s.text, s.pos)
}

// leaveEvent moves behind an event, of which rest is what follows.
func (s *scanner) leaveEvent(rest string) {
	s.pos = len(s.text) - len(rest)
	s.header = findHeader(s.text, s.pos)
}

// text reads what a text holds. strict is for the message of a record that names
// another logger than the driver's: there an event is the whole message.
func (f *finder) text(text string, line Line, strict bool, wrappers int) {
	text = unescapeApache(strings.TrimPrefix(stripColors(text), "\ufeff"))
	s, known := newScanner(text), len(f.found)
	f.objects(s, line, strict, wrappers)
	for f.broken < maxBroken {
		which, at, ok := s.marker()
		if !ok {
			break
		}
		s.enterLine(at)
		if !s.header.begins(s.text[s.pos:at], at, markers[which] == loggerMarker, strict) {
			if looksLikeEvent(s.text[at:]) {
				f.fail(ReasonQuoted, errQuoted)
			}
			s.leaveLine()
			continue
		}
		here := s.header.levelAt(at, line)
		if s.header.message == at {
			here = here.withContext(s.text[s.header.logger:at])
		}
		s.pos = at + len(markers[which])
		f.read(s, which, here)
	}
	if len(f.found) == known && f.err == nil && strings.Contains(text, cadf.EventTypeURI) {
		f.fail(ReasonNotNotification, errMention)
	}
	if f.err != nil && isPartial(text) {
		f.err = &DecodeError{Reason: ReasonPartial, Err: errPartial}
	}
}

// objects reads the JSON objects with which a text begins, which may be a record
// of a logger, a shipper or a container runtime, or an event as a whole. A header
// as that of syslog or CRI may stand before.
func (f *finder) objects(s *scanner, line Line, strict bool, wrappers int) {
	for f.broken < maxBroken {
		at := objectStart(s.text[s.pos:])
		if at < 0 {
			return
		}
		at += s.pos
		if _, marker, ok := s.marker(); ok && marker < at {
			return
		}
		v, rest, err := literal.ParseJSON(s.text[at:])
		if err != nil {
			if looksLikeEvent(s.text[at:]) {
				f.failSyntax(ReasonJSON, s.text[at:], err)
				s.pos = len(s.text)
			}
			return
		}
		s.enterLine(at)
		known, before := len(f.found), f.err
		f.fields(v, s.header.levelAt(at, line), wrappers)
		switch {
		case len(f.found) == known && f.err == before: // no event
			s.pos = len(s.text) - len(rest)
		case s.header.begins(s.text[s.pos:at], at, false, strict):
			s.leaveEvent(rest)
		default:
			f.found, f.err = f.found[:known], before
			f.fail(ReasonQuoted, errQuoted)
			s.leaveEvent(rest)
		}
	}
}

// objectStart returns where the first JSON object may begin.
func objectStart(text string) int {
	if at := len(text) - len(strings.TrimLeft(text, " \t\r\n")); at < len(text) && text[at] == '{' {
		return at
	}
	return strings.Index(text, `{"`)
}

// looksLikeEvent says whether a text that could not be read had been meant to be an event's.
func looksLikeEvent(text string) bool {
	return strings.Contains(text, "event_type") || strings.Contains(text, "typeURI")
}

// read reads the event that follows a marker, and leaves the scanner behind it.
func (f *finder) read(s *scanner, which int, line Line) {
	switch markers[which] {
	case loggerMarker:
		f.readLogger(s, line)
	case nativeMarker:
		f.readNative(s, line)
	default:
		f.readUnsent(s, line)
	}
}

// readLogger reads the JSON text behind the driver's logger, whose name ends with
// the event type, and oslo.log's context.
func (f *finder) readLogger(s *scanner, line Line) {
	head := s.text[s.pos:min(len(s.text), s.pos+maxHeaderBytes)]
	head, _, _ = strings.Cut(head, "\n")
	at := strings.Index(head, `{"`)
	if at < 0 {
		if s.header.logger+len(loggerMarker) == s.pos {
			f.fail(ReasonTruncated, errNoLiteral)
		}
		s.leaveLine()
		return
	}
	line = line.withContext(head[:at])
	v, rest, err := literal.ParseJSON(s.text[s.pos+at:])
	if err != nil {
		f.failSyntax(ReasonJSON, s.text[s.pos+at:], err)
		s.leaveLine()
		return
	}
	f.addDocument(v, line)
	s.leaveEvent(rest)
}

// isPartial recognises a line of the CRI format that another line continues.
func isPartial(text string) bool {
	words := strings.SplitN(text, " ", 4)
	return len(words) == 4 && (words[1] == "stdout" || words[1] == "stderr") && words[2] == "P"
}
