package literal

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// prefix is what stands before a string: b” holds bytes, r” has no escapes.
type prefix struct{ bytes, raw bool }

func stringPrefix(word string) (prefix, bool) {
	if len(word) > 2 {
		return prefix{}, false
	}
	var p prefix
	for i := range len(word) {
		switch word[i] {
		case 'b', 'B':
			p.bytes = true
		case 'r', 'R':
			p.raw = true
		case 'u', 'U':
		default:
			return prefix{}, false
		}
	}
	return p, true
}

// string reads a string whose opening quote is at pos.
func (p *pythonParser) string(prefix prefix) (string, error) {
	quote := p.text[p.pos]
	if prefix.raw {
		return p.quoted(quote, nil)
	}
	return p.quoted(quote, func(out []byte) ([]byte, error) { return p.escape(out, prefix.bytes) })
}

// escape reads what follows a backslash. One that Python does not know stands for itself.
func (p *pythonParser) escape(out []byte, bytes bool) ([]byte, error) {
	if p.pos >= len(p.text) {
		return nil, p.fail("")
	}
	c := p.text[p.pos]
	p.pos++
	if i := strings.IndexByte(`\'"abfnrtv`, c); i >= 0 {
		return append(out, "\\'\"\a\b\f\n\r\t\v"[i]), nil
	}
	switch {
	case c == '\n':
		return out, nil
	case '0' <= c && c <= '7':
		p.pos--
		return p.octal(out, bytes), nil
	case c == 'x':
		return p.hex(out, 2, bytes)
	case c == 'u' && !bytes:
		return p.hex(out, 4, false)
	case c == 'U' && !bytes:
		return p.hex(out, 8, false)
	default:
		return append(out, '\\', c), nil
	}
}

func (p *pythonParser) octal(out []byte, bytes bool) []byte {
	var r rune
	for end := p.pos + 3; p.pos < min(end, len(p.text)) && '0' <= p.text[p.pos] && p.text[p.pos] <= '7'; p.pos++ {
		r = r<<3 | rune(p.text[p.pos]-'0')
	}
	return appendCode(out, r, bytes)
}

func (p *pythonParser) hex(out []byte, digits int, bytes bool) ([]byte, error) {
	r, ok := hexRune(p.text[p.pos:], digits)
	if !ok {
		if len(p.text)-p.pos < digits {
			p.pos = len(p.text)
		}
		return nil, p.fail("expected hexadecimal digits")
	}
	p.pos += digits
	if digits == 4 && utf16.IsSurrogate(r) { // Python 2 writes pairs
		r = p.surrogate(r)
	}
	return appendCode(out, r, bytes), nil
}

func appendCode(out []byte, r rune, bytes bool) []byte {
	if bytes {
		return append(out, byte(r))
	}
	return utf8.AppendRune(out, r)
}
