// Package printable makes texts that somebody else wrote safe to print on a terminal.
package printable

import (
	"strings"
	"unicode"
)

// Line returns the text on one line, without what acts on a terminal: control characters, escape sequences, bidirectional marks.
func Line(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		default:
			return '?'
		}
	}, text)
}
