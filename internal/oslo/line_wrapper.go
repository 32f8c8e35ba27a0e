package oslo

import (
	"regexp"
	"strconv"
	"strings"
)

// Parts of the wrappers' grammars.
const (
	isoTime    = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?`
	apacheTime = `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}`
	bsdTime    = `[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d`
	priority   = `<\d{1,3}>`
	// tag is a program and its process. A host name does not end with a colon: what follows a tag is not a tag.
	tag  = `[^\s:\[\]]{1,128}(?:\[\d+\])?: ?`
	host = `[^\s]{0,254}[^\s:] `
)

// wrappers are what may stand before a line, each from the first byte on.
var wrappers = [...]struct {
	opening string // the bytes that it can begin with
	pattern *regexp.Regexp
	// escaped reports that the text behind is Apache's, which escapes it.
	escaped bool
}{
	// CRI: containerd and CRI-O. P is a piece that another one continues.
	{"0123456789", regexp.MustCompile(`^` + isoTime + ` (?:stdout|stderr) (?:F|(P)) `), false},
	// Pebble, Canonical's container init.
	{"0123456789", regexp.MustCompile(`^` + isoTime + ` \[[\w.-]+\] `), false},
	// rsyslog's RSYSLOG_FileFormat, and journalctl -o short-iso.
	{"0123456789", regexp.MustCompile(`^` + isoTime + ` ` + host + tag), false},
	// docker logs --timestamps.
	{"0123456789", regexp.MustCompile(`^` + isoTime + ` `), false},
	// Apache's ErrorLogFormat "%{cu}t %M", that of Keystone's sample configuration.
	{"0123456789", regexp.MustCompile(`^` + apacheTime + ` `), true},
	// RFC 5424.
	{"<", regexp.MustCompile(`^` + priority + `1 (?:-|` + isoTime +
		`) \S+ \S+ \S+ \S+ (?:-|(?:\[(?:[^"\]]|"(?:[^"\\]|\\.)*")*\])+) \x{feff}?`), false},
	// RFC 3164, with the host that a relay adds, and rsyslog's traditional file format without the priority.
	{"<", regexp.MustCompile(`^` + priority + bsdTime + ` (?:` + host + `)?` + tag), false},
	{"JFMASOND", regexp.MustCompile(`^` + bsdTime + ` ` + host + tag), false},
	// Apache's error log, of mod_wsgi alone: what other modules log has paths.
	{"[", regexp.MustCompile(`^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:.]+ \d{4}\] \[wsgi:[a-z]+\] ` +
		`(?:\[pid \d+(?::tid \d+)?\] )?(?:\[(?:remote|client) [^\]\s]+\] )?`), true},
}

// apacheSample is Apache's time in front of oslo.log's own.
var apacheSample = regexp.MustCompile(`^` + apacheTime + ` \d{4}-\d\d-\d\d `)

// unwrap takes off what stands before a line, and reads the line's header. piece reports that it is a piece of a line.
func (r LineReader) unwrap(text string) (line string, h header, piece bool) {
	h = readHeader(text)
	for range maxLayers {
		if r.IsEventLogger(h.logger) && !apacheSample.MatchString(text) { // a format of one's own may look like a wrapper
			break
		}
		rest, escaped, cut := unwrapOnce(text)
		if len(rest) == len(text) {
			break
		}
		if escaped {
			rest = unescapeApache(rest)
		}
		text = trimStart(rest)
		if h = readHeader(text); cut {
			return text, h, true
		}
	}
	return text, h, false
}

func unwrapOnce(text string) (rest string, escaped, piece bool) {
	for _, w := range wrappers {
		if text == "" || strings.IndexByte(w.opening, text[0]) < 0 {
			continue
		}
		if m := w.pattern.FindStringSubmatchIndex(text); m != nil {
			return text[m[1]:], w.escaped, len(m) > 2 && m[2] >= 0
		}
	}
	return text, false, false
}

// accessPattern recognises lines of access logs: Apache's and nginx's common and combined formats, and uWSGI's.
var accessPattern = regexp.MustCompile(`^(?:\S+ [^\["{]*\[\d\d/[A-Z][a-z]{2}/\d{4}[: ]\d\d:\d\d:\d\d|\[pid: \d+\|app: )`)

func isAccessLine(text string) bool { return accessPattern.MatchString(text) }

// trimStart removes blanks and a byte order mark.
func trimStart(text string) string {
	return strings.TrimLeft(strings.TrimPrefix(text, "\ufeff"), " \t")
}

// stripColors removes the escape sequences that oslo.log writes to terminals.
func stripColors(text string) string {
	if strings.IndexByte(text, 0x1b) < 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
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
// server/util.c ap_escape_errorlog_item.
func unescapeApache(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
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
