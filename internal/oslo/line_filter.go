package oslo

import "strings"

// The texts that announce an event in a line.
const (
	// loggerMarker is the logger of the driver log, oslo_messaging/notify/_impl_log.py.
	loggerMarker = "oslo.messaging.notification."
	// nativeMarker begins the message of the middlewares' own loggers, keystonemiddleware/audit/_notifier.py.
	nativeMarker = "Event type: "
	// unsentMarker begins the message of a publisher that lost its broker, oslo_messaging/notify/messaging.py.
	unsentMarker = "Could not send notification to "
)

// MayHoldEvent is a quick test: false says that the text of a log record holds no
// audit event. It is made for lines that hold none, which are nearly all.
//
// strings.Contains is fast where the first byte of what it looks for is rare in
// the text; hence the odd beginnings.
func MayHoldEvent(text string) bool {
	if strings.Contains(text, "g.notification.") || strings.Contains(text, nativeMarker) || strings.Contains(text, unsentMarker) {
		return true
	}
	if strings.IndexByte(text, '{') < 0 {
		return false
	}
	return holdsName(text, "_type") || // event_type of a notification
		holdsName(text, "URI") || // typeURI of CADF
		strings.Contains(text, `MESSAGE":[`) || strings.Contains(text, `MESSAGE": [`) // journald's array of bytes
}

// holdsName says whether a JSON text, or one within a JSON string, has a member whose name ends so.
func holdsName(text, end string) bool {
	for {
		i := strings.Index(text, end)
		if i < 0 {
			return false
		}
		if text = text[i+len(end):]; strings.HasPrefix(text, `"`) || strings.HasPrefix(text, `\`) {
			return true
		}
	}
}
