package hostiletest

import (
	"fmt"
	"strings"
)

// Form is a way in which a service's log reaches the collector.
type Form struct {
	Name string
	// Plain reports plain text, in which a typed line break begins a line.
	Plain bool
	// Names reports that each line has names in front of the message. Then text behind an event may make it ambiguous.
	Names bool
	// format is the service's own, wrap what is around it. Forms without wrap have no lines of web servers.
	format func(logger, message, summary string) string
	wrap   func(line string) string
}

// Forms are those that are read.
func Forms() []Form {
	cri := before("2026-03-04T23:09:52.738204871Z stdout F ")
	syslog := before("<14>Mar  4 23:09:52 ctl01 keystone-wsgi-public: ")
	syslog5424 := before(`<14>1 2026-03-04T23:09:52Z ctl01 keystone 12 - [a@1 b="c"] `)
	pebble := before("2025-06-12T09:45:55.775Z [wsgi-nova-api] ")
	sample := func(line string) string { return "2026-03-04 23:09:52.737334 " + ApacheEscaped(line) }
	apache := func(line string) string {
		return "[Wed Mar 04 23:09:52.738 2026] [wsgi:error] [pid 21:tid 1401] [remote 10.0.0.5:4211] " + ApacheEscaped(line)
	}
	return []Form{
		{"file", true, false, plain, before("")},
		{"file, colours", true, false, colored, before("")},
		{"file, format of its own", true, false, custom, before("")},
		{"file, names in the context", true, true, named, before("")},
		{"file, use_json", false, false, useJSON, before("")},
		{"fluent formatter", false, false, fluent, nil},
		{"use_journal", false, false, useJournal, nil},
		{"journal, standard error", true, false, plain, journal},
		{"journal, standard error, use_json", false, false, useJSON, journal},
		{"journal, bytes", true, false, colored, journalBytes},
		{"Kolla", true, false, kolla, nil},
		{"logger's field", false, false, loggerField, nil},
		{"docker", true, false, plain, docker},
		{"docker, use_json", false, false, useJSON, docker},
		{"fluent-bit, docker, use_json", false, false, useJSON, func(line string) string { return shipper("log", docker(line)) }},
		{"OpenShift", true, false, plain, func(line string) string { return shipper("message", line) }},
		{"OpenShift, parsed", false, false, func(l, m, s string) string { return `{"structured": ` + useJSON(l, m, s) + `, "level": "info"}` },
			nil},
		{"CRI", true, false, plain, cri},
		{"CRI, use_json", false, false, useJSON, cri},
		{"Pebble", true, false, plain, pebble},
		{"Pebble, use_json", false, false, useJSON, pebble},
		{"Canonical", true, false, plain, func(line string) string { return pebble(sample(line)) }},
		{"Apache, format of Keystone's sample", true, false, plain, sample},
		{"Apache", true, false, plain, apache},
		{"Apache, use_json", false, false, useJSON, apache},
		{"Apache in a container", true, false, plain, func(line string) string { return cri(apache(line)) }},
		{"syslog", true, false, plain, syslog},
		{"syslog, use_json", false, false, useJSON, syslog},
		{"syslog, RFC 5424", true, false, plain, syslog5424},
		{"syslog, RFC 5424, use_json", false, false, useJSON, syslog5424},
		{"rsyslog's file", true, false, plain, before("Mar  4 23:09:52 ctl01 keystone-wsgi-public[21]: ")},
		{"rsyslog's file, ISO, use_json", false, false, useJSON, before("2026-03-04T23:09:52.737192+00:00 ctl01 keystone: ")},
	}
}

// Has reports whether a place is in logs of this form.
func (f Form) Has(p Place) bool { return p.Logger != "" || f.wrap != nil }

// Record is the record at a place where somebody typed.
func (f Form) Record(p Place, typed string) string {
	line := f.line(p, typed)
	if f.wrap == nil {
		return line
	}
	return f.wrap(line)
}

// Lines are the records of the same where each line is one.
func (f Form) Lines(p Place, typed string) (records []string) {
	if f.wrap == nil {
		return []string{f.line(p, typed)}
	}
	for line := range strings.SplitSeq(f.line(p, typed), "\n") {
		records = append(records, f.wrap(line))
	}
	return records
}

func (f Form) line(p Place, typed string) string {
	if p.Logger == "" {
		return p.Message(typed)
	}
	summary := ""
	if p.Summary != nil {
		summary = p.Summary(typed)
	}
	return f.format(p.Logger, p.Message(typed), summary)
}

const (
	started = "2026-03-04 23:09:52.737 22876 "
	context = "[None req-4de4a02c-e40d-4e7d-a73c-8f385cb8ebd9 906fbdac4e9b4d878493ad7f4158ef18 359bcc5cfc414ecab6d7156c51d6f676 - - default " +
		"default] "
)

func plain(logger, message, summary string) string {
	return started + "INFO " + logger + " " + context + message + summary
}

func colored(logger, message, summary string) string {
	return started + "\x1b[00;36mINFO " + logger + " [\x1b[01;36m-\x1b[00;36m] \x1b[01;35m\x1b[00;36m" + message + summary + "\x1b[00m"
}

func custom(logger, message, summary string) string {
	return "2026-03-04T23:09:52Z|INFO|" + logger + "|" + message + summary
}

func named(logger, message, summary string) string {
	return started + "INFO " + logger + " [None req-1 web shop alice] " + message + summary
}

func useJSON(logger, message, summary string) string {
	return `{"message": ` + quoted(message) + `, "asctime": "2026-03-04 23:09:52", "name": ` + quoted(logger) + `, "msg": ` + quoted(message) +
		`, "args": [], "levelname": "INFO", "funcname": "notify", "hostname": "ctl01", "error_summary": ` + quoted(summary) + `, "context": {}}`
}

func fluent(logger, message, summary string) string {
	return `{"message": ` + quoted(message) + `, "time": "2026-03-04 23:09:52", "name": ` + quoted(logger) +
		`, "level": "INFO", "funcname": "notify", "error_summary": ` + quoted(summary) + `}`
}

func useJournal(logger, message, summary string) string {
	return `{"_SYSTEMD_UNIT": "keystone.service", "LOGGER_NAME": ` + quoted(logger) + `, "LOGGER_LEVEL": "INFO", "MESSAGE": ` +
		quoted(plain(logger, message, summary)) + `}`
}

func kolla(logger, message, summary string) string {
	return `{"Hostname": "ctl01", "log_level": "INFO", "python_module": ` + quoted(logger) + `, "Payload": ` + quoted(message+summary) + `}`
}

func loggerField(logger, message, summary string) string {
	return `{"logger": ` + quoted(logger) + `, "level": "INFO", "message": ` + quoted(message+summary) + `}`
}

func before(prefix string) func(string) string {
	return func(line string) string { return prefix + line }
}

func docker(line string) string {
	return `{"log":` + quoted(line+"\n") + `,"stream":"stdout","time":"2026-03-04T23:09:52.738204871Z"}`
}

func shipper(key, line string) string {
	return `{"` + key + `": ` + quoted(line) + `, "@timestamp": "2026-03-04T23:09:52Z", "kubernetes": {"container_name": "keystone", ` +
		`"namespace_name": "openstack"}}`
}

func journal(line string) string {
	return `{"_SYSTEMD_UNIT": "keystone.service", "_UID": "64060", "SYSLOG_IDENTIFIER": "keystone", "MESSAGE": ` + quoted(line) + `}`
}

func journalBytes(line string) string {
	return `{"_SYSTEMD_UNIT": "keystone.service", "MESSAGE": ` + strings.ReplaceAll(fmt.Sprint([]byte(line)), " ", ",") + `}`
}

// ApacheEscaped is what ap_escape_errorlog_item makes of a text.
func ApacheEscaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\':
			b.WriteString(`\\`)
		case c == '\n':
			b.WriteString(`\n`)
		case c >= 0x7f || c < 0x20:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
