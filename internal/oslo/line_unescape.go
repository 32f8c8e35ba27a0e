package oslo

import (
	"strconv"
	"strings"
)

// stripColors removes the escape sequences that oslo.log writes to terminals.
func stripColors(text string) string {
	if strings.IndexByte(text, 0x1b) < 0 {
		return text
	}
	var b strings.Builder
	for {
		i := strings.Index(text, "\x1b[")
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		text = text[i:]
		end := 2
		for end < len(text) && (text[end] == ';' || '0' <= text[end] && text[end] <= '9') {
			end++
		}
		if end < len(text) && text[end] == 'm' {
			end++
		} else {
			b.WriteString(text[:end])
		}
		text = text[end:]
	}
}

// unescapeApache undoes what Apache does to a text that mod_wsgi wrote to its error
// log: backslashes are doubled, what is no printable ASCII becomes \xNN, httpd
// server/util.c ap_escape_errorlog_item. Nobody's text can stand before the first brace.
func unescapeApache(text string) string {
	before, _, _ := strings.Cut(text[:min(len(text), maxHeaderBytes)], "{")
	if !strings.Contains(before, "[wsgi:") || strings.IndexByte(text, '\\') < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		i++
		switch c := text[i]; c {
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'x':
			if b, err := strconv.ParseUint(text[i+1:min(i+3, len(text))], 16, 8); err == nil && i+2 < len(text) {
				out = append(out, byte(b))
				i += 2
				continue
			}
			out = append(out, '\\', 'x')
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
