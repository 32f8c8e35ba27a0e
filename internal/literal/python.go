package literal

import (
	"strings"
	"unicode/utf8"
)

// ParsePython reads one Python literal, as repr writes it, from the start of text
// and returns what follows it. Tuples and sets are arrays; None, True, False, nan
// and inf become what ParseJSON gives for their like; keys that are no strings are
// their text. What is no literal, as datetime.datetime(2026, 3, 4) or <Server at
// 0x7f>, is kept as a string of its text. The work is linear in the length of text.
func ParsePython(text string) (value Value, rest string, err error) {
	p := newPythonParser(text)
	if value, err = p.value(0); err != nil {
		return Value{}, "", err
	}
	p.skipSpace()
	return value, text[p.pos:], nil
}

// pythonParser shares the position, the containers and the numbers of JSON.
type pythonParser struct{ jsonParser }

func newPythonParser(text string) *pythonParser {
	return &pythonParser{jsonParser{builder: newBuilder(text), text: text, isPython: true}}
}

func (p *pythonParser) value(depth int) (Value, error) {
	switch c := p.next(); c {
	case '{':
		return p.braces(depth + 1)
	case '[':
		return p.sequence(depth+1, ']')
	case '(':
		return p.sequence(depth+1, ')')
	case '\'', '"':
		s, err := p.string(prefix{})
		return Value{Kind: String, Text: s}, err
	case '<':
		if p.pos+1 < len(p.text) && isNameByte(p.text[p.pos+1]) {
			return p.opaque(p.pos)
		}
		return Value{}, p.fail("expected a value")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.number()
	default:
		return p.name()
	}
}

// braces reads a dict or a set: what follows the first element tells which.
func (p *pythonParser) braces(depth int) (Value, error) {
	kind := Object
	items, err := p.container(depth, '}', func(first bool) (Value, error) {
		v, err := p.value(depth)
		if err != nil {
			return v, err
		}
		if first && p.next() != ':' {
			kind = Array
		}
		if kind == Array {
			return v, nil
		}
		if p.next() != ':' {
			return v, p.fail("expected :")
		}
		p.pos++
		if !v.Scalar() { // a tuple: no event has one, and its text could be as long as the event for each of many levels
			return v, p.fail("the key of a dict is no scalar")
		}
		key := v.Text
		v, err = p.value(depth)
		v.Key = key
		return v, err
	})
	return Value{Kind: kind, Items: items}, err
}

// sequence reads a list or a tuple.
func (p *pythonParser) sequence(depth int, end byte) (Value, error) {
	items, err := p.container(depth, end, func(bool) (Value, error) { return p.value(depth) })
	return Value{Kind: Array, Items: items}, err
}

func (p *pythonParser) number() (Value, error) {
	if rest := p.text[p.pos:]; strings.HasPrefix(rest, "-inf") {
		p.pos += len("-inf")
		return Value{Kind: Number, Text: "-Infinity"}, nil
	}
	v, err := p.jsonParser.number()
	if err == nil && p.pos < len(p.text) && p.text[p.pos] == 'L' { // Python 2
		p.pos++
	}
	return v, err
}

// name reads what begins with a letter: a word of the language, a string with a
// prefix, or the beginning of something that is no literal.
func (p *pythonParser) name() (Value, error) {
	start := p.pos
	for p.pos < len(p.text) && isNameByte(p.text[p.pos]) {
		p.pos++
	}
	word := p.text[start:p.pos]
	if word == "" {
		return Value{}, p.fail("expected a value")
	}
	if p.pos < len(p.text) && (p.text[p.pos] == '\'' || p.text[p.pos] == '"') {
		if prefix, ok := stringPrefix(word); ok {
			s, err := p.string(prefix)
			return Value{Kind: String, Text: s}, err
		}
	}
	if p.pos < len(p.text) && p.text[p.pos] == '(' {
		return p.opaque(start)
	}
	switch word {
	case "None":
		return Value{}, nil
	case "True":
		return Value{Kind: Bool, Text: "true"}, nil
	case "False":
		return Value{Kind: Bool, Text: "false"}, nil
	case "nan":
		return Value{Kind: Number, Text: "NaN"}, nil
	case "inf":
		return Value{Kind: Number, Text: "Infinity"}, nil
	default:
		return Value{Kind: String, Text: valid(word)}, nil
	}
}

func isNameByte(c byte) bool {
	return c == '_' || c == '.' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c >= utf8.RuneSelf
}

// opaque skips from pos to the bracket that closes the one there, and returns the
// text from start on. Brackets within quotes do not count; in <...> a quote counts
// only where a string can begin, for such texts are written by hand: <it's full>.
func (p *pythonParser) opaque(start int) (Value, error) {
	var open []byte
	for ; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; c {
		case '(':
			open = append(open, ')')
		case '[':
			open = append(open, ']')
		case '{':
			open = append(open, '}')
		case '<':
			if p.pos+1 < len(p.text) && isNameByte(p.text[p.pos+1]) { // no comparison
				open = append(open, '>')
			}
		case ')', ']', '}', '>':
			if c == '>' && open[len(open)-1] != c {
				continue
			}
			if c != open[len(open)-1] {
				return Value{}, p.fail("unbalanced bracket")
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				p.pos++
				return Value{Kind: String, Text: valid(p.text[start:p.pos])}, nil
			}
		case '\'', '"':
			if open[len(open)-1] != '>' || strings.IndexByte(" =([{,:<", p.text[p.pos-1]) >= 0 {
				p.pos++
				p.pos = p.stringEnd(c)
			}
		}
	}
	return Value{}, p.fail("")
}
