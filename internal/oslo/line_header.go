package oslo

import (
	"regexp"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// maxHeaderBytes bounds what may stand before oslo.log's own header: syslog's,
// Apache's, a container runtime's.
const maxHeaderBytes = 512

// headerPattern is oslo.log's header, whatever the format of the context behind
// it: time, process, level, logger. oslo_log/_options.py.
var headerPattern = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d{3} \d+ ([A-Z]+) `)

// header says where the parts of a line of oslo.log begin in its text.
type header struct {
	level string
	// start is where the header begins.
	start int
	// logger is where the name of the logger begins, or -1 where there is no header;
	// message is where the message does, or -1.
	logger, message int
}

// findHeader finds the first header from start on, which wrappers may precede.
func findHeader(text string, start int) header {
	near := text[start:min(len(text), start+maxHeaderBytes)]
	near, _, _ = strings.Cut(near, "\n")
	m := headerPattern.FindStringSubmatchIndex(near)
	if m == nil {
		return header{logger: -1, message: -1}
	}
	h := header{level: near[m[2]:m[3]], start: start + m[0], logger: start + m[1], message: -1}
	near = text[h.logger:min(len(text), h.logger+2*maxHeaderBytes)]
	_, rest, found := strings.Cut(near, " ")
	if found && strings.HasPrefix(rest, "[") { // the context
		_, rest, found = strings.Cut(rest, "] ")
	}
	if found && strings.HasPrefix(rest, "[instance: ") { // of a server
		_, rest, found = strings.Cut(rest, "] ")
	}
	if found {
		h.message = h.logger + len(near) - len(rest)
	}
	return h
}

// levelAt adds the level to what is known of an event at at, if the header stands before it.
func (h header) levelAt(at int, line Line) Line {
	if h.logger >= 0 && h.logger <= at {
		line.Level = h.level
	}
	return line
}

// begins says whether an event may begin at at, behind before: where the logger's
// name or the message does. Elsewhere a user's text may quote it: Keystone logs
// names that were typed. Without a header it may begin anywhere, unless the record
// says of itself that its message is of another logger.
func (h header) begins(before string, at int, logger, strict bool) bool {
	headed := h.logger >= 0 && h.logger <= at
	if headed {
		before = before[:max(0, len(before)-(at-h.start))]
	}
	switch {
	case strict && strings.TrimSpace(before) != "":
		return false
	case !headed:
		return true
	case logger:
		return h.logger == at
	default:
		return h.message == at
	}
}

// withContext adds what oslo.log's default context says: the only form in which
// each word has its place, which the request's id proves. oslo_log/_options.py
// logging_context_format_string, oslo_context/context.py user_identity.
func (l Line) withContext(header string) Line {
	_, context, _ := strings.Cut(header, " [")
	context, _, found := strings.Cut(context, "]")
	if !found {
		return l
	}
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

// withRecord adds what a record in fields says: oslo.log's JSON and fluent
// formatters, journald, and Kolla's fluentd.
func (l Line) withRecord(record literal.Value) Line {
	for _, m := range record.Items {
		switch m.Key {
		case "levelname", "level", "LOGGER_LEVEL", "log_level":
			set(&l.Level, m)
		case "hostname", "_HOSTNAME", "Hostname":
			set(&l.Hostname, m)
		case "context":
			for _, c := range m.Items {
				switch c.Key {
				case "user":
					set(&l.UserID, c)
				case "user_domain":
					set(&l.UserDomainID, c)
				case "project_id":
					set(&l.ProjectID, c)
				case "domain":
					set(&l.DomainID, c)
				case "request_id":
					set(&l.RequestID, c)
				case "global_request_id":
					set(&l.GlobalRequestID, c)
				}
			}
		}
	}
	return l
}

func set(field *string, v literal.Value) {
	if text := known(v.Text); v.Kind == literal.String && text != "" {
		*field = text
	}
}

// known returns nothing for what oslo.log writes in place of nothing.
func known(word string) string {
	if word == "-" || word == "None" {
		return ""
	}
	return word
}
