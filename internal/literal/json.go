package literal

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// ParseJSON reads one JSON value from the start of text and returns what follows
// it. It takes what Python's json module writes, NaN and Infinity too, and keeps
// what strict readers refuse: a member that occurs twice stays twice; a lone
// surrogate or a byte that is no UTF-8 becomes U+FFFD; control characters stand
// in strings. Strings without escapes are substrings of text.
func ParseJSON(text string) (value Value, rest string, err error) {
	p := jsonParser{builder: newBuilder(text), text: text}
	p.skipSpace()
	if value, err = p.value(0); err != nil {
		return Value{}, "", err
	}
	p.skipSpace()
	return value, text[p.pos:], nil
}

type jsonParser struct {
	builder
	text string
	pos  int
	// isPython allows a comma before the end of a container, as in (1,).
	isPython bool
}

func (p *jsonParser) fail(problem string) error {
	if p.pos >= len(p.text) {
		problem = "unexpected end of text"
	}
	return &SyntaxError{Offset: min(p.pos, len(p.text)), Problem: problem}
}

func (p *jsonParser) skipSpace() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// next skips white space and returns the byte that follows, or 0 at the end.
func (p *jsonParser) next() byte {
	p.skipSpace()
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *jsonParser) value(depth int) (Value, error) {
	switch c := p.next(); c {
	case '{':
		return p.object(depth + 1)
	case '[':
		return p.array(depth + 1)
	case '"':
		s, err := p.string()
		return Value{Kind: String, Text: s}, err
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.number()
	default:
		return p.word()
	}
}

func (p *jsonParser) object(depth int) (Value, error) {
	items, err := p.container(depth, '}', func(bool) (v Value, err error) {
		if p.next() != '"' {
			return v, p.fail("expected the name of a member")
		}
		key, err := p.string()
		if err != nil {
			return v, err
		}
		if p.next() != ':' {
			return v, p.fail("expected :")
		}
		p.pos++
		v, err = p.value(depth)
		v.Key = key
		return v, err
	})
	return Value{Kind: Object, Items: items}, err
}

func (p *jsonParser) array(depth int) (Value, error) {
	items, err := p.container(depth, ']', func(bool) (Value, error) { return p.value(depth) })
	return Value{Kind: Array, Items: items}, err
}

// container reads the elements of the container whose opening bracket is at pos.
func (p *jsonParser) container(depth int, end byte, element func(first bool) (Value, error)) ([]Value, error) {
	if depth > maxDepth {
		return nil, tooLarge(p.pos)
	}
	p.pos++
	mark := len(p.stack)
	for first := true; ; first = false {
		c := p.next()
		if !first && c == ',' {
			p.pos++
			if c = p.next(); c == end && !p.isPython {
				c = 0 // an element has to follow
			}
		} else if !first && c != end {
			return nil, p.fail("expected , or " + string(end))
		}
		if c == end {
			p.pos++
			return p.close(mark), nil
		}
		v, err := element(first)
		if err != nil {
			return nil, err
		}
		if !p.push(v) {
			return nil, tooLarge(p.pos)
		}
	}
}

// word reads true, false, null, and the numbers that only Python writes.
func (p *jsonParser) word() (Value, error) {
	for _, w := range [...]Value{
		{Kind: Null, Text: "null"},
		{Kind: Bool, Text: "true"},
		{Kind: Bool, Text: "false"},
		{Kind: Number, Text: "NaN"},
		{Kind: Number, Text: "Infinity"},
	} {
		if strings.HasPrefix(p.text[min(p.pos, len(p.text)):], w.Text) {
			p.pos += len(w.Text)
			if w.Kind == Null {
				w.Text = ""
			}
			return w, nil
		}
	}
	return Value{}, p.fail("expected a value")
}

func (p *jsonParser) number() (Value, error) {
	start := p.pos
	if p.text[p.pos] == '-' {
		p.pos++
		if strings.HasPrefix(p.text[p.pos:], "Infinity") {
			p.pos += len("Infinity")
			return Value{Kind: Number, Text: p.text[start:p.pos]}, nil
		}
	}
	if p.digits() == 0 {
		return Value{}, p.fail("expected a digit")
	}
	if p.pos < len(p.text) && p.text[p.pos] == '.' {
		p.pos++
		if p.digits() == 0 {
			return Value{}, p.fail("expected a digit")
		}
	}
	if p.pos < len(p.text) && (p.text[p.pos] == 'e' || p.text[p.pos] == 'E') {
		p.pos++
		if p.pos < len(p.text) && (p.text[p.pos] == '+' || p.text[p.pos] == '-') {
			p.pos++
		}
		if p.digits() == 0 {
			return Value{}, p.fail("expected a digit")
		}
	}
	return Value{Kind: Number, Text: p.text[start:p.pos]}, nil
}

func (p *jsonParser) digits() int {
	start := p.pos
	for p.pos < len(p.text) && '0' <= p.text[p.pos] && p.text[p.pos] <= '9' {
		p.pos++
	}
	return p.pos - start
}

// string reads a string whose opening quote is at pos.
func (p *jsonParser) string() (string, error) { return p.quoted('"', p.escape) }

// quoted reads a string whose opening quote is at pos. escape reads what follows a backslash; without it a backslash stands for itself.
func (p *jsonParser) quoted(quote byte, escape func(out []byte) ([]byte, error)) (string, error) {
	p.pos++
	var out []byte
	for start := p.pos; p.pos < len(p.text); {
		switch c := p.text[p.pos]; {
		case c == quote:
			s := p.text[start:p.pos]
			p.pos++
			if out != nil {
				out = append(out, s...)
				s = unsafe.String(unsafe.SliceData(out), len(out)) //nolint:gosec // nobody changes out any more
			}
			return valid(s), nil
		case c != '\\':
			p.pos++
		case escape == nil:
			p.pos += 2
		default:
			if out == nil {
				out = make([]byte, 0, p.stringEnd(quote)-start) // the text is no longer than what is written
			}
			out = append(out, p.text[start:p.pos]...)
			p.pos++
			var err error
			if out, err = escape(out); err != nil {
				return "", err
			}
			start = p.pos
		}
	}
	return "", p.fail("")
}

// stringEnd is where the string in which pos is ends.
func (p *jsonParser) stringEnd(quote byte) int {
	end := p.pos
	for ; end < len(p.text) && p.text[end] != quote; end++ {
		if p.text[end] == '\\' {
			end++
		}
	}
	return min(end, len(p.text))
}

// valid replaces what is no UTF-8.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// escape reads what follows a backslash.
func (p *jsonParser) escape(out []byte) ([]byte, error) {
	if p.pos >= len(p.text) {
		return nil, p.fail("")
	}
	c := p.text[p.pos]
	if c != 'u' {
		plain := unescaped(c)
		if plain == 0 {
			return nil, p.fail("unknown escape")
		}
		p.pos++
		return append(out, plain), nil
	}
	p.pos++
	r, ok := hexRune(p.text[p.pos:], 4)
	if !ok {
		return nil, p.fail("expected four hexadecimal digits")
	}
	p.pos += 4
	if utf16.IsSurrogate(r) {
		r = p.surrogate(r)
	}
	return utf8.AppendRune(out, r), nil
}

// unescaped is what c stands for behind a backslash; 0 where JSON knows no such escape.
func unescaped(c byte) byte {
	switch c {
	case '"', '\\', '/':
		return c
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	default:
		return 0
	}
}

// surrogate joins the half that was read with the one that follows; AppendRune
// writes a lone half as U+FFFD.
func (p *jsonParser) surrogate(high rune) rune {
	if rest := p.text[p.pos:]; strings.HasPrefix(rest, `\u`) {
		if low, ok := hexRune(rest[2:], 4); ok {
			if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
				p.pos += 6
				return r
			}
		}
	}
	return high
}

// hexRune reads n hexadecimal digits.
func hexRune(s string, n int) (rune, bool) {
	if len(s) < n {
		return 0, false
	}
	u, err := strconv.ParseUint(s[:n], 16, 32)
	return rune(u), err == nil
}
