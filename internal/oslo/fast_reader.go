package oslo

import (
	"strings"

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
		return r.escapedString(rest)
	}
	r.pos += quote + end + quote
	r.quotes += 2
	return rest[:end]
}

// escapedString reads the rest of a string with escapes of its own: those of the envelope are undone here, those of the message as the
// plain path does.
func (r *fastReader) escapedString(rest string) string {
	var usual [1 << 10]byte
	message := append(usual[:0], '"')
	r.quotes++
	for escaped := false; ; { // whether a backslash of the message stands before
		before, after, _ := strings.Cut(rest, `\`)
		if !strings.HasPrefix(after, `"`) && !strings.HasPrefix(after, `\`) {
			break // the end of the envelope's string, or an escape of the envelope alone
		}
		c := after[0]
		message, rest = append(append(message, before...), c), after[1:]
		escaped = escaped && before == ""
		if c == '"' {
			r.quotes++
			if !escaped {
				r.pos = len(r.text) - len(rest)
				v, err := parseWhole(string(message))
				r.failed = r.failed || err != nil
				return v.Text
			}
		}
		escaped = c == '\\' && !escaped
	}
	r.failed = true
	return ""
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
