package oslo

import (
	"slices"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// form is how a logger writes an event.
type form uint8

const (
	// notification is a notification as JSON, oslo_messaging/notify/_impl_log.py.
	notification form = 1 << iota
	// native is "Event type: …, Context: {…}, Payload: {…}" of the middlewares' own loggers, keystonemiddleware/audit/_notifier.py.
	native
	// unsent is "Could not send notification to <topic>. Payload={…}" of a publisher that lost its broker, oslo_messaging/notify/messaging.py.
	unsent

	anyForm = notification | native | unsent
)

// driverPrefix begins the logger of the driver log; the event type follows, which may have a blank.
const driverPrefix = "oslo.messaging.notification."

// eventLoggers are the loggers that write events.
var eventLoggers = [...]struct {
	pattern string
	form    form
}{
	{driverPrefix + "*", notification},
	{"keystonemiddleware.audit*", native},
	{"auditmiddleware*", native},
	{"oslo_messaging.notify.*", unsent},
}

// formOf returns how a logger writes events; false if it writes none. Without a name it is the operator who says so.
func (r LineReader) formOf(logger string) (form, bool) {
	if logger == "" {
		return anyForm, r.TrustUnnamed
	}
	for _, known := range eventLoggers {
		if matches(known.pattern, logger) {
			return known.form, true
		}
	}
	if slices.ContainsFunc(r.Loggers, func(pattern string) bool { return matches(pattern, logger) }) {
		return anyForm, true
	}
	return 0, false
}

// IsEventLogger reports whether a logger of that name writes events.
func (r LineReader) IsEventLogger(name string) bool {
	_, ok := r.formOf(name)
	return ok && name != ""
}

func matches(pattern, logger string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(logger, prefix)
	}
	return logger == pattern
}

type loggerField struct {
	name string
	// beside is a field without which the name says nothing.
	beside string
	// plain reports that the field may have been parsed from a line of plain text.
	plain bool
}

// loggerFields are the fields that name the logger, those first that the service itself writes.
var loggerFields = [...]loggerField{
	{name: "name", beside: "funcname"},   // oslo.log's JSON and fluent formatters, oslo_log/formatters.py
	{name: "name", beside: "levelname"},  // the same, with less
	{name: "LOGGER_NAME"},                // use_journal, oslo_log/handlers.py
	{name: "python_module", plain: true}, // Kolla's fluentd
	{name: "logger", plain: true},
	{name: "logger_name", plain: true},
	{name: "log.logger", plain: true}, // the Elastic Common Schema
}

// IsLoggerField reports whether a field of that name may name the logger.
func IsLoggerField(name string) bool {
	return slices.ContainsFunc(loggerFields[:], func(field loggerField) bool { return field.name == name })
}

// loggerOf returns the logger that a record names; empty if it names none.
func loggerOf(record literal.Value) (logger string, plain bool) {
	for _, field := range loggerFields {
		v, ok := record.Get(field.name)
		if _, beside := record.Get(field.beside); ok && v.Kind == literal.String && v.Text != "" && (beside || field.beside == "") {
			return v.Text, field.plain
		}
	}
	return "", false
}
