package oslo

import (
	"regexp"
	"strings"
)

// maxHeaderBytes bounds oslo.log's header and what a native line has before its payload.
const maxHeaderBytes = 1024

// header is what oslo.log writes before a message: time, process, level, logger, context and instance in the default format,
// oslo_log/_options.py. A format of one's own may leave out any of them, or write other separators.
type header struct {
	level, context string
	// logger is empty where the line does not name it.
	logger string
	// message is where the message begins.
	message int
}

// separators may stand between the parts of a header.
const separators = " \t|:;,-"

var (
	// beforeLogger is what may stand before the logger. There is no word in it that somebody could have typed.
	beforeLogger = regexp.MustCompile(`^(?:[ \t|:;,-]*(?:(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?|\d+\b|` +
		`(TRACE|DEBUG|INFO|AUDIT|NOTICE|WARNING|WARN|ERROR|CRITICAL|FATAL)\b))+[ \t|:;,-]*`)
	loggerPattern = regexp.MustCompile(`^[A-Za-z_][\w.]*(?:-[\w.]+)*`)
	// idPattern is a word of oslo.log's default context, which has ids and no names.
	idPattern = regexp.MustCompile(`^(?:-|None|all|default|req-[\w-]+|[0-9a-f]{32}|[0-9a-f]{64})$`)
)

// readHeader reads the header with which a line begins. Without one the message begins where the line does.
func readHeader(text string) (h header) {
	near, _, _ := strings.Cut(text[:min(len(text), maxHeaderBytes)], "\n")
	m := beforeLogger.FindStringSubmatchIndex(near)
	if m == nil {
		return h
	}
	h.message = m[1]
	if m[2] >= 0 {
		h.level = near[m[2]:m[3]]
	}
	rest := near[h.message:]
	if !strings.HasPrefix(rest, nativeMarker) && !strings.HasPrefix(rest, unsentMarker) {
		h.logger = readLogger(rest)
	}
	if name := len(h.logger); name > 0 {
		h.logger = strings.TrimRight(h.logger, separators)
		h.message += name
		rest = rest[name:]
	}
	before := len(rest)
	h.context, rest = cutBrackets(strings.TrimLeft(rest, separators))
	if rest = strings.TrimLeft(rest, separators); strings.HasPrefix(rest, "[instance: ") {
		_, rest = cutBrackets(rest)
		rest = strings.TrimLeft(rest, separators)
	}
	h.message += before - len(rest)
	return h
}

// cutBrackets cuts what a text has in brackets at its beginning, if it has neither brackets nor braces within.
func cutBrackets(text string) (within, rest string) {
	if !strings.HasPrefix(text, "[") {
		return "", text
	}
	end := 1 + strings.IndexAny(text[1:], "[]{}")
	if end == 0 || text[end] != ']' {
		return "", text
	}
	return text[1:end], text[end+1:]
}

// readLogger returns the logger with which a text begins. That of the driver ends with the event type, which may have blanks: nothing
// but the context and the event follows.
func readLogger(text string) string {
	if !strings.HasPrefix(text, driverPrefix) {
		return loggerPattern.FindString(text)
	}
	if end := strings.IndexAny(text, "[{|"); end >= 0 {
		return text[:end]
	}
	return text
}

// mayHoldNames reports whether the context is another than oslo.log's default one, or stands without brackets where the driver's logger
// ends: a name in it could have what ends the context, and an event behind that.
func (h header) mayHoldNames() bool {
	if strings.Contains(h.logger, " ") {
		return true
	}
	for word := range strings.FieldsSeq(h.context) {
		if !idPattern.MatchString(word) {
			return true
		}
	}
	return false
}

// add adds what the header says to what is known.
func (h header) add(line Line) Line {
	if h.level != "" {
		line.Level = h.level
	}
	return line.withContext(h.context)
}

// withContext adds what oslo.log's default context says: the only form in which
// each word has its place, which the request's id proves. oslo_log/_options.py
// logging_context_format_string, oslo_context/context.py user_identity.
func (l Line) withContext(context string) Line {
	words := strings.Split(context, " ")
	if len(words) == 6 { // before oslo.log 4.8
		words = append([]string{""}, append(words[:4:4], "", words[4], words[5])...)
	}
	if len(words) != 8 || !strings.HasPrefix(words[1], "req-") {
		return l
	}
	l.GlobalRequestID, l.RequestID = known(words[0]), words[1]
	l.UserID, l.ProjectID, l.DomainID, l.UserDomainID = known(words[2]), known(words[3]), known(words[4]), known(words[6])
	return l
}

// known returns nothing for what oslo.log writes in place of nothing.
func known(word string) string {
	if word == "-" || word == "None" {
		return ""
	}
	return word
}
