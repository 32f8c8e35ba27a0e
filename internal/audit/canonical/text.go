package canonical

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// sortFields sorts by name; names are ASCII, for which the order of RFC 8785 (UTF-16 code units) is that of the bytes.
func sortFields(fields []field) {
	slices.SortFunc(fields, func(a, b field) int { return cmp.Compare(a.name, b.name) })
}

// appendObject appends sorted fields as RFC 8785 writes an object. The values of a name that occurs twice are a sorted array.
func appendObject(text []byte, fields []field) []byte {
	text = append(text, '{')
	for i := 0; i < len(fields); {
		if i > 0 {
			text = append(text, ',')
		}
		name := fields[i].name
		text = append(text, '"')
		text = append(text, name...)
		text = append(text, '"', ':')
		end := i + 1
		for end < len(fields) && fields[end].name == name {
			end++
		}
		if end == i+1 {
			text = AppendString(text, fields[i].value)
		} else {
			text = appendArray(text, fields[i:end])
		}
		i = end
	}
	return append(text, '}')
}

func appendArray(text []byte, fields []field) []byte {
	values := make([]string, len(fields))
	for i, field := range fields {
		values[i] = withoutReplacements(field.value)
	}
	slices.Sort(values)
	text = append(text, '[')
	for i, value := range values {
		if i > 0 {
			text = append(text, ',')
		}
		text = AppendString(text, value)
	}
	return append(text, ']')
}

// withoutReplacements does as Loki: the character that stands for what is no UTF-8, U+FFFD, becomes a space.
func withoutReplacements(value string) string {
	if !strings.ContainsRune(value, utf8.RuneError) {
		return value
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError {
			return ' '
		}
		return r
	}, value)
}

const hexDigits = "0123456789abcdef"

// AppendString appends a value as RFC 8785 writes a string. U+FFFD, and what is no UTF-8, becomes a space as in Loki.
func AppendString(text []byte, value string) []byte {
	text = append(text, '"')
	for {
		plain := plainPrefix(value)
		text = append(text, value[:plain]...)
		if plain == len(value) {
			return append(text, '"')
		}
		value = value[plain:]
		if value[0] < utf8.RuneSelf {
			text = appendEscape(text, value[0])
			value = value[1:]
			continue
		}
		r, size := utf8.DecodeRuneInString(value)
		if r == utf8.RuneError {
			text = append(text, ' ')
		} else {
			text = append(text, value[:size]...)
		}
		value = value[size:]
	}
}

func appendEscape(text []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(text, '\\', c)
	case '\b':
		return append(text, '\\', 'b')
	case '\f':
		return append(text, '\\', 'f')
	case '\n':
		return append(text, '\\', 'n')
	case '\r':
		return append(text, '\\', 'r')
	case '\t':
		return append(text, '\\', 't')
	}
	return append(text, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

// plainPrefix returns how many bytes stand for themselves: ASCII other than control characters, the quote and the backslash. It looks at
// eight bytes at a time; all that is not plain sets the high bit of its byte (bytes after it may be wrong, which does not matter).
func plainPrefix(value string) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(value); i += 8 {
		w := binary.LittleEndian.Uint64([]byte(value[i : i+8]))
		quote, backslash := w^(ones*'"'), w^(ones*'\\')
		special := (w | (w - ones*' ') | (quote - ones) | (backslash - ones)) & highs
		if special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
	}
	for ; i < len(value); i++ {
		if c := value[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			break
		}
	}
	return i
}
