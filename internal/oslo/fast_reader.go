package oslo

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// begin opens an object or array. Where null stands instead there is nothing to read.
func (r *fastReader) begin(bracket byte) (opened bool) {
	if r.peek() != bracket {
		kind, _ := r.scalar()
		r.failed = r.failed || kind != literal.Null
		return false
	}
	r.pos++
	r.opened = true
	return true
}

// beginElement opens an object that is an element of an array.
func (r *fastReader) beginElement() (opened bool) {
	r.failed = r.failed || r.peek() != '{'
	return r.begin('{')
}

// next goes to the next member or element of what was opened last, or closes it.
func (r *fastReader) next(bracket byte) bool {
	c := r.peek()
	switch {
	case r.failed:
		return false
	case c == bracket:
		r.pos++
		r.opened = false
		return false
	case r.opened:
		r.opened = false
		return true
	case c != ',':
		r.failed = true
		return false
	default:
		r.pos++
		return true
	}
}

// peek skips blanks and returns the byte that follows, or 0 at the end.
func (r *fastReader) peek() byte {
	for r.pos < len(r.text) {
		if c := r.text[r.pos]; c != ' ' {
			return c
		}
		r.pos++
	}
	return 0
}

// key reads the name of a member and the colon.
func (r *fastReader) key() string {
	r.peek()
	key := r.string()
	if r.peek() != ':' {
		r.failed = true
		return ""
	}
	r.pos++
	return key
}

// scalar reads a string, a number, true, false or null.
func (r *fastReader) scalar() (kind literal.Kind, text string) {
	switch c := r.peek(); c {
	case '\\':
		return literal.String, r.string()
	case 'n':
		return literal.Null, r.word("null")[:0]
	case 't':
		return literal.Bool, r.word("true")
	case 'f':
		return literal.Bool, r.word("false")
	default:
		return literal.Number, r.number()
	}
}

func (r *fastReader) word(word string) string {
	if !strings.HasPrefix(r.text[r.pos:], word) {
		r.failed = true
		return ""
	}
	r.pos += len(word)
	return word
}

// number reads an integer or a decimal fraction; exponents are unusual.
func (r *fastReader) number() string {
	start := r.pos
	if r.peek() == '-' {
		r.pos++
	}
	r.digits()
	if r.pos < len(r.text) && r.text[r.pos] == '.' {
		r.pos++
		r.digits()
	}
	return r.text[start:r.pos]
}

func (r *fastReader) digits() {
	start := r.pos
	for r.pos < len(r.text) && '0' <= r.text[r.pos] && r.text[r.pos] <= '9' {
		r.pos++
	}
	r.failed = r.failed || r.pos == start
}

// string reads the string that begins here, between \" and \". Only one that has escapes of its own is looked at byte by byte.
func (r *fastReader) string() string {
	const quote = len(`\"`)
	rest := r.text[r.pos:]
	if len(rest) < quote || rest[0] != '\\' || rest[1] != '"' {
		r.failed = true
		return ""
	}
	rest = rest[quote:]
	end := strings.IndexByte(rest, '\\')
	if end < 0 || end+quote > len(rest) || rest[end+1] != '"' {
		r.pos += quote
		return r.escapedString(rest)
	}
	r.pos += quote + end + quote
	r.quotes += 2
	return rest[:end]
}

// escapedString finds the end of a string with escapes of its own.
func (r *fastReader) escapedString(rest string) string {
	for end := 0; ; {
		special := strings.IndexAny(rest[end:], `\"`)
		end += special
		if special < 0 || end+2 >= len(rest) {
			break
		}
		switch rest[end : end+2] {
		case `\"`:
			r.pos += end + 2
			r.quotes += 2 + strings.Count(rest[:end], `"`)
			return r.unescape(rest[:end])
		case `\\`: // a backslash of the message, and the character that it escapes
			if end += 2; rest[end] == '\\' {
				end++
			}
			end++
		default: // the end of the envelope's string, or an escape of the envelope alone
			r.failed = true
			return ""
		}
		if end > len(rest) {
			break
		}
	}
	r.failed = true
	return ""
}

// unescape undoes the escapes of the message within those of the envelope.
func (r *fastReader) unescape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for left := s; ; {
		before, escaped, found := strings.Cut(left, `\\`)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		switch {
		case strings.HasPrefix(escaped, `\"`), strings.HasPrefix(escaped, `\\`):
			b.WriteByte(escaped[1])
			left = escaped[2:]
		default:
			character, size := escapedRune(escaped)
			if size == 0 {
				return r.parsed(r.parsed(s))
			}
			b.WriteRune(character)
			left = escaped[size:]
		}
	}
}

// escapedRune reads uXXXX, and for characters beyond them the two halves uXXXX\\uXXXX. Its size is 0 where that is not what
// stands there.
func escapedRune(s string) (character rune, size int) {
	character = utf16Unit(s)
	switch {
	case character < 0:
		return 0, 0
	case !utf16.IsSurrogate(character):
		return character, len("uXXXX")
	}
	low, found := strings.CutPrefix(s[len("uXXXX"):], `\\`)
	character = utf16.DecodeRune(character, utf16Unit(low))
	if !found || character == utf8.RuneError {
		return 0, 0
	}
	return character, len(`uXXXX\\uXXXX`)
}

// utf16Unit reads uXXXX, or returns -1.
func utf16Unit(s string) rune {
	if len(s) < len("uXXXX") || s[0] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(s[1:len("uXXXX")], 16, 16)
	if err != nil {
		return -1
	}
	return rune(unit)
}

// parsed undoes the escapes of one level as the plain path does.
func (r *fastReader) parsed(s string) string {
	v, trailing, err := literal.ParseJSON(`"` + s + `"`)
	if err != nil || trailing != "" || v.Kind != literal.String {
		r.failed = true
	}
	return v.Text
}

// maxSkipped bounds the nesting of what the fast path leaves out.
const maxSkipped = 16

// skip reads any value.
func (r *fastReader) skip(depth int) {
	c := r.peek()
	switch {
	case depth == maxSkipped || r.failed:
		r.failed = true
	case c == '{':
		for more := r.begin('{'); more && r.next('}'); {
			r.key()
			r.skip(depth + 1)
		}
	case c == '[':
		for more := r.begin('['); more && r.next(']'); {
			r.skip(depth + 1)
		}
	default:
		r.scalar()
	}
}
