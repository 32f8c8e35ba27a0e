package auditlog

import "strings"

const (
	httpRequestEvent  = "audit.http.request"
	httpResponseEvent = "audit.http.response"
)

// maxEventName bounds an event name, in bytes.
const maxEventName = 128

// eventName makes a low-cardinality name of an event type.
func eventName(eventType string) string {
	var name strings.Builder
	name.WriteString("openstack")
	for segment := range strings.SplitSeq(eventType, ".") {
		if isIdentifier(segment) {
			continue
		}
		if s := normalize(segment); s != "" {
			name.WriteString("." + s)
		}
	}
	return cutUTF8(name.String(), maxEventName)
}

// normalize makes a segment of a name: lower case, without the prefix of an API
// extension (OS-TRUST:trust), and all but letters and digits as _.
func normalize(segment string) string {
	if i := strings.LastIndexByte(segment, ':'); i >= 0 {
		segment = segment[i+1:]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return '_'
		}
	}, segment)
}

// isIdentifier recognises what must not stand in a name: a UUID, or 24 hexadecimal digits and more.
func isIdentifier(s string) bool {
	return isUUID(s) || len(s) >= 24 && isHex(s)
}

// isUUID recognises a UUID with its hyphens.
func isUUID(s string) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	return isHex(s[:8]) && isHex(s[9:13]) && isHex(s[14:18]) && isHex(s[19:23]) && isHex(s[24:])
}

func isHex(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return s != ""
}

func isDecimal(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
