package request

import "strings"

// Normalize makes a segment of a name: lower case, without the prefix of an API
// extension (OS-TRUST:trust), and all but letters and digits as _.
func Normalize(segment string) string {
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

// IsUUID reports whether a text is a UUID with its hyphens.
func IsUUID(s string) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	return IsHex(s[:8]) && IsHex(s[9:13]) && IsHex(s[14:18]) && IsHex(s[19:23]) && IsHex(s[24:])
}

// IsHex reports whether a text has hexadecimal digits alone, and any.
func IsHex(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return s != ""
}

// IsDecimal reports whether a text has digits alone, and any.
func IsDecimal(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
