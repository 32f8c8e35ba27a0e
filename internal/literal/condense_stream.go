package literal

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrCut is the error of a reader which gives no more although there is more.
var ErrCut = errors.New("the text was cut")

// stream reads JSON text as it comes.
type stream struct {
	from   io.Reader
	buffer [32 << 10]byte
	// window[pos:] has come and was not read; before is how many bytes came before window.
	window []byte
	pos    int
	before int
	err    error
	// text is that of the scalar that is being read, as it is written.
	text []byte
}

func newStream(from io.Reader) *stream { return &stream{from: from} }

// more reports whether there is a byte at pos.
func (s *stream) more() bool {
	for s.pos == len(s.window) {
		if s.err != nil {
			return false
		}
		s.before += len(s.window)
		n, err := s.from.Read(s.buffer[:])
		s.window, s.pos, s.err = s.buffer[:n], 0, err
	}
	return true
}

func (s *stream) next() byte {
	for s.more() {
		switch c := s.window[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

func (s *stream) advance() { s.pos++ }

func (s *stream) ended() bool { return s.next() == 0 && !s.more() && errors.Is(s.err, ErrCut) }

func (s *stream) failure() error {
	if s.err != nil && !errors.Is(s.err, io.EOF) && !errors.Is(s.err, ErrCut) {
		return s.err
	}
	return nil
}

func (s *stream) fail(problem string) error {
	if !s.more() {
		if err := s.failure(); err != nil {
			return err
		}
		problem = "unexpected end of text"
	}
	return &SyntaxError{Offset: s.before + s.pos, Problem: problem}
}

func (s *stream) scalar(limit int) (v Value, cut bool, err error) {
	if limit < 0 {
		limit = condensedText
	}
	if s.next() == '"' {
		return s.string(limit)
	}
	return s.word(limit)
}

// leave looks at nothing but brackets and quotes.
func (s *stream) leave(depth int) error {
	for s.more() {
		c := s.window[s.pos]
		s.pos++
		switch c {
		case '"':
			if err := s.endString(func([]byte) {}); err != nil {
				return err
			}
		case '{', '[', '(':
			depth++
		case '}', ']', ')':
			if depth--; depth == 0 {
				return nil
			}
		}
	}
	if s.ended() {
		return nil
	}
	return s.fail("")
}

// endString goes past the closing quote of the string in which it is, and shows what comes before.
func (s *stream) endString(show func(part []byte)) error {
	for escaped := false; s.more(); {
		rest := s.window[s.pos:]
		end := 0
		for end < len(rest) && (escaped || rest[end] != '"') {
			escaped = !escaped && rest[end] == '\\'
			end++
		}
		show(rest[:end])
		s.pos += end
		if end < len(rest) {
			s.pos++
			return nil
		}
	}
	if s.ended() {
		return nil
	}
	return s.fail("")
}

// string reads a string of which limit bytes are kept, as they are written: their text is no longer.
func (s *stream) string(limit int) (v Value, cut bool, err error) {
	s.pos++
	s.text = s.text[:0]
	err = s.endString(func(part []byte) {
		room := limit - len(s.text)
		cut = cut || len(part) > room
		s.text = append(s.text, part[:min(len(part), room)]...)
	})
	if err != nil || limit == 0 {
		return Value{}, true, err
	}
	cut = cut || s.ended()
	if cut {
		s.text = s.text[:wholeEscapes(s.text)]
	}
	if bytes.IndexByte(s.text, '\\') < 0 && utf8.Valid(s.text) {
		return Value{Kind: String, Text: string(s.text)}, cut, nil
	}
	p := jsonParser{text: `"` + string(s.text) + `"`}
	text, err := p.string()
	if err != nil {
		return Value{}, false, &SyntaxError{Offset: s.before + s.pos, Problem: "unknown escape"}
	}
	if cut {
		text = strings.TrimRight(text, "\uFFFD") // half a character, or half a surrogate pair
	}
	return Value{Kind: String, Text: text}, cut, nil
}

// wholeEscapes is the length of the beginning of a string's text which has no part of an escape at its end.
func wholeEscapes(text []byte) int {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		length := len(`\n`)
		if i+1 < len(text) && text[i+1] == 'u' {
			length = len(`\uXXXX`)
		}
		if i+length > len(text) {
			return i
		}
		i += length - 1
	}
	return len(text)
}

// word reads a number, true, false or null.
func (s *stream) word(limit int) (v Value, cut bool, err error) {
	s.text = s.text[:0]
	length := 0
	for s.more() {
		c := s.window[s.pos]
		if strings.IndexByte("{}[]:,\" \t\r\n", c) >= 0 {
			break
		}
		if length++; len(s.text) < limit {
			s.text = append(s.text, c)
		}
		s.pos++
	}
	switch {
	case length == 0:
		return Value{}, false, s.fail("expected a value")
	case limit == 0:
		return Value{}, true, nil
	case length > len(s.text): // the beginning of a number would be another number
		return Value{Kind: String, Text: strings.ToValidUTF8(string(s.text), "\uFFFD")}, true, nil
	case s.ended():
		return Value{}, true, nil
	}
	v, rest, err := ParseJSON(string(s.text))
	if err != nil || rest != "" {
		return Value{}, false, &SyntaxError{Offset: s.before + s.pos - length, Problem: "expected a value"}
	}
	return v, false, nil
}

// quoted reads on within the string that begins here.
func (s *stream) quoted() (io.Reader, error) {
	s.pos++
	return &unescaper{from: s}, nil
}

// unescaper reads the text of a string of JSON up to its closing quote, its escapes undone.
type unescaper struct {
	from *stream
	// half is the first half of a surrogate pair, whose second half has to follow.
	half rune
	err  error
}

// Read implements io.Reader. It needs room for a few characters.
func (u *unescaper) Read(to []byte) (n int, err error) {
	for n+2*utf8.UTFMax <= len(to) && u.err == nil {
		if !u.more() {
			break
		}
		s := u.from
		c := s.window[s.pos]
		s.pos++
		if c == '\\' {
			n += len(u.escape(to[n:n]))
			continue
		}
		n += len(u.lone(to[n:n]))
		if c == '"' {
			u.err = io.EOF
			break
		}
		to[n] = c
		n++
		if s.pos < len(s.window) {
			run := s.window[s.pos:]
			run = run[:min(len(run), len(to)-n)]
			length := 0
			for length < len(run) && run[length] != '"' && run[length] != '\\' {
				length++
			}
			n += copy(to[n:], run[:length])
			s.pos += length
		}
	}
	return n, u.err
}

// escape appends the character of the escape whose backslash was read.
func (u *unescaper) escape(to []byte) []byte {
	c := u.take()
	if plain := unescaped(c); plain != 0 {
		return append(u.lone(to), plain)
	}
	digits := [...]byte{u.take(), u.take(), u.take(), u.take()}
	r, ok := hexRune(string(digits[:]), len(digits))
	if u.err == nil && (c != 'u' || !ok) {
		u.err = u.from.fail("unknown escape")
	}
	if u.err != nil {
		return to
	}
	return u.unit(to, r)
}

// take reads a byte of an escape.
func (u *unescaper) take() byte {
	s := u.from
	if u.err != nil || !u.more() {
		return 0
	}
	s.pos++
	return s.window[s.pos-1]
}

// more reports whether there is a byte of the string, which cannot end where the text does.
func (u *unescaper) more() bool {
	if u.from.more() {
		return true
	}
	if u.err = u.from.err; errors.Is(u.err, io.EOF) {
		u.err = u.from.fail("")
	}
	return false
}

// unit appends a character of UTF-16, or keeps its first half.
func (u *unescaper) unit(to []byte, r rune) []byte {
	if joined := utf16.DecodeRune(u.half, r); joined != utf8.RuneError {
		u.half = 0
		return utf8.AppendRune(to, joined)
	}
	to = u.lone(to)
	if utf16.IsSurrogate(r) && utf16.DecodeRune(r, 0xDC00) != utf8.RuneError {
		u.half = r
		return to
	}
	return utf8.AppendRune(to, r)
}

// lone appends what a half stands for that no other half follows.
func (u *unescaper) lone(to []byte) []byte {
	if u.half != 0 {
		u.half = 0
		return utf8.AppendRune(to, utf8.RuneError)
	}
	return to
}
