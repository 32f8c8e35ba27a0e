package literal

import (
	"io"
	"strings"
	"unicode/utf8"
)

// textSource reads a text that is in memory with the parser of its notation.
type textSource struct {
	*jsonParser
	value func(depth int) (Value, error)
}

func (s *textSource) advance() { s.pos++ }

func (s *textSource) scalar(limit int) (v Value, cut bool, err error) {
	if v, err = s.value(0); err != nil || limit < 0 || len(v.Text) <= limit {
		return v, false, err
	}
	return Value{Kind: String, Text: head(v.Text, limit)}, true, nil
}

func (s *textSource) leave(depth int) error {
	for depth > 0 {
		switch b := s.next(); b {
		case '{', '[', '(':
			depth++
			s.pos++
		case '}', ']', ')':
			depth--
			s.pos++
		case ',', ':':
			s.pos++
		default:
			if _, err := s.value(0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *textSource) quoted() (io.Reader, error) {
	v, _, err := s.scalar(-1)
	return strings.NewReader(v.Text), err
}

func (*textSource) ended() bool { return false }

func (*textSource) failure() error { return nil }

// head returns a copy of at most limit bytes of the beginning of s, and no part of a character.
func head(s string, limit int) string {
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return strings.Clone(s[:limit])
}
