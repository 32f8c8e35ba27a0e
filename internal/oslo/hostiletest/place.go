package hostiletest

import (
	"fmt"
	"strconv"
	"strings"
)

// Place is where somebody can type into a log.
type Place struct {
	Name string
	// Event reports that the record truly has an event.
	Event bool
	// Logger writes the message; empty for a line of a web server.
	Logger string
	// Message has what is typed in it.
	Message func(typed string) string
	// Summary is what oslo.log and Apache write behind a message.
	Summary func(typed string) string
}

// Places are those that are known.
func Places() []Place {
	const driver, keystone = "oslo.messaging.notification.identity.authenticate", "keystone.server.flask.application"
	text := func(format string) func(string) string {
		return func(typed string) string { return fmt.Sprintf(format, typed) }
	}
	// What a web server logs has no line breaks: HTTP has none there, and Apache escapes them.
	web := func(format string) func(string) string {
		return func(typed string) string {
			return fmt.Sprintf(format, strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(typed))
		}
	}
	event := func(string) string { return notification("alice") }
	return []Place{
		{Name: "the name of a failed login", Logger: keystone, Message: text("Could not find user: %s.")},
		{Name: "the beginning of a message", Logger: keystone, Message: text("%s is unknown")},
		{Name: "a message as a whole", Logger: keystone, Message: text("%s")},
		{Name: "an error summary", Logger: keystone, Message: func(string) string { return "Login failed" },
			Summary: text(": keystone.exception.UserNotFound: %s")},
		{Name: "a path that the middleware leaves out", Logger: "auditmiddleware", Message: text("ignoring request with path: %s")},
		{Name: "a name in a notification", Event: true, Logger: driver, Message: notification},
		{Name: "a name in a native event", Event: true, Logger: "keystonemiddleware.audit", Message: nativeEvent},
		{Name: "a name in a notification that was not sent", Event: true, Logger: "oslo_messaging.notify.messaging", Message: unsentNotification},
		{Name: "an error behind a notification", Event: true, Logger: driver, Message: event,
			Summary: text(": keystone.exception.UserNotFound: %s")},
		{Name: "a referer behind a notification", Event: true, Logger: driver, Message: event, Summary: web(", referer: %s")},
		{Name: "the path of an access line", Message: web(`10.0.0.9 - - [04/Mar/2026:23:09:52 +0000] "GET %s HTTP/1.1" 404 114 "-" "curl/8"`)},
		{Name: "the user of an access line", Message: web(`10.0.0.9 - %s [04/Mar/2026:23:09:52 +0000] "GET / HTTP/1.1" 401 114 "-" "curl/8"`)},
		{Name: "the User-Agent of an access line", Message: web(`keystone:5000 10.0.0.9 - - [04/Mar/2026:23:09:52 +0000] "GET / HTTP/1.1" 200 ` +
			`114 "-" "%s"`)},
		{Name: "the path of uWSGI's line", Message: web(`[pid: 12|app: 0|req: 1/1] 10.0.0.9 () {40 vars in 500 bytes} [Wed Mar  4 23:09:52 ` +
			`2026] GET %s => generated 114 bytes in 3 msecs`)},
		{Name: "the path of an error of Apache", Message: web(`[Wed Mar 04 23:09:52.738 2026] [core:error] [pid 21:tid 1401] [client ` +
			`10.0.0.9:4211] AH00126: Invalid URI in request GET %s HTTP/1.1`)},
	}
}

const eventTypeURI = "http://schemas.dmtf.org/cloud/audit/1.0/event"

func notification(name string) string {
	return `{"message_id": "` + EventID + `", "publisher_id": "identity.ctl01", "event_type": "identity.authenticate", "priority": "INFO", ` +
		`"payload": ` +
		`{"typeURI": "` + eventTypeURI + `", "eventType": "activity", "id": "` + EventID + `", "eventTime": "2026-03-04T23:09:52.737192+0000", ` +
		`"action": "authenticate", "outcome": "failure", "target": {"id": "t", "typeURI": "service/security", "name": ` + quoted(name) + `}}, ` +
		`"timestamp": "2026-03-04 23:09:52.737397"}`
}

func nativeEvent(name string) string {
	return `Event type: audit.http.response, Context: {'user': ` + pythonQuoted(name) + `}, Payload: {'typeURI': '` + eventTypeURI +
		`', 'eventType': 'activity', 'id': '` + EventID + `', 'action': 'read', 'outcome': 'success', 'target': {'id': 't', ` +
		`'typeURI': 'compute', 'name': ` + pythonQuoted(name) + `}}`
}

func unsentNotification(name string) string {
	return `Could not send notification to notifications. Payload={'message_id': '` + EventID +
		`', 'event_type': 'identity.authenticate', 'payload': {'typeURI': '` +
		eventTypeURI + `', 'eventType': 'activity', 'id': '` + EventID + `', 'action': 'authenticate', 'outcome': 'failure', ` +
		`'target': {'id': 't', 'name': ` +
		pythonQuoted(name) + `}}}: amqp.exceptions.AccessRefused: (0, 0): (403)`
}

// quoted is a JSON string in ASCII, as Python writes it.
func quoted(s string) string {
	return string(appendQuoted(make([]byte, 0, len(s)+len(s)/4), s))
}

func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r >= 0x10000:
			r -= 0x10000
			b = fmt.Appendf(b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		case r < 0x20 || r > 0x7e:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = append(b, byte(r))
		}
	}
	return append(b, '"')
}

// pythonQuoted is the repr of a str.
func pythonQuoted(s string) string {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case strconv.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}
