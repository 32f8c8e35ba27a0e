package oslo

import "strings"

// MayHoldEvent is a quick test: false says that the text of a log record has no
// audit event. It is made for lines that have none, which are nearly all.
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

// holdsName reports whether a JSON text, or one within a JSON string, has a member whose name ends so.
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
