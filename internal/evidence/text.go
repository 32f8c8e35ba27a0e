package evidence

import (
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendString appends a string as RFC 8785 writes it. What is no UTF-8, and U+FFFD that stands for it, becomes a space as in the canonical
// form: backends do not agree on it.
func appendString(dst []byte, value string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(value); {
		c := value[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(value[i:])
			if r == utf8.RuneError {
				dst = append(dst, ' ')
			} else {
				dst = append(dst, value[i:i+size]...)
			}
			i += size
			continue
		}
		i++
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			if c < ' ' {
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
			} else {
				dst = append(dst, c)
			}
		}
	}
	return append(dst, '"')
}

// cut shortens a text to maxText bytes, at the end of a character.
func cut(value string) string {
	if len(value) <= maxText {
		return value
	}
	end := maxText
	for end > maxText-utf8.UTFMax && !utf8.RuneStart(value[end]) {
		end--
	}
	return value[:end]
}
