package redact

import "unicode/utf8"

// The bounds of texts in a record, in bytes.
const (
	// MaxValue bounds one value.
	MaxValue = 2 << 10
	// MaxName bounds a name, path, query or user agent.
	MaxName = 1 << 10
)

// Cut returns at most limit bytes of s, and no part of a character.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for end := limit; end > 0 && end > limit-utf8.UTFMax; end-- {
		if utf8.RuneStart(s[end]) {
			return s[:end]
		}
	}
	return s[:limit] // no text
}
