package redact

import (
	"regexp"
	"strings"
)

const (
	// tokenStart is how each Fernet token begins, minToken how long one is at least behind that.
	tokenStart = "gAAAA"
	minToken   = 16
	// keyStart begins a key in PEM, keyMark is in the same line of a private one, and keyEnd ends it.
	keyStart = "-----BEGIN "
	keyMark  = "PRIVATE KEY"
	keyEnd   = "-----END "
	// maxKeyLine is how long the first and the last line of a key are.
	maxKeyLine = 100
	// minCredentials is how long the credentials of a header of HTTP are at least: shorter ones are prose.
	minCredentials = 8
	// maxPair is how far apart the halves of a pair of name and value stand.
	maxPair = 200
)

// named is how a text names a secret.
type named struct {
	name string
	// prefix: the name may go on, as password_hash does.
	prefix bool
	// content: the value is no secret where it is a document.
	content bool
}

// namesByByte are the names by their first byte: a text is searched in one go.
var namesByByte = func() (byByte [256][]named) {
	add := func(n named) { byByte[n.name[0]] = append(byByte[n.name[0]], n) }
	for _, name := range secretNames {
		add(named{name: name, prefix: true})
	}
	for _, name := range contentNames {
		add(named{name: name, content: true})
	}
	add(named{name: "signature", prefix: true})
	add(named{name: "temp_url_sig", prefix: true})
	add(named{name: "credential"})
	add(named{name: "authorization"})
	return byByte
}()

// Text returns a text that is not parsed without the secrets that it names, or that are known by their look. Its time is linear in the
// text.
func Text(s string) string {
	if !strings.ContainsAny(s, ":= \t\r\n\f") && !strings.Contains(s, tokenStart) {
		return s // a word
	}
	s = redactUserinfo(s)
	lower := lowerASCII(s)
	var b strings.Builder
	written := 0
	for i := 0; i < len(s); {
		from, to := secretAt(s, lower, i)
		if to > from {
			b.WriteString(s[written:from])
			b.WriteString(Masked)
			written = to
		}
		i = max(i+1, to)
	}
	if written == 0 {
		return s
	}
	b.WriteString(s[written:])
	return b.String()
}

// secretAt is where a secret stands that is named, or begins, at i. Where from and to are the same there is none, and none begins before
// to.
func secretAt(s, lower string, i int) (from, to int) {
	switch {
	case s[i] == '-' && strings.HasPrefix(s[i:], keyStart):
		return i, i + keyLength(s[i:])
	case s[i] == 'g' && strings.HasPrefix(s[i:], tokenStart):
		if end := skip(s, i+len(tokenStart), isTokenByte); end-i >= len(tokenStart)+minToken {
			return i, end
		}
	}
	for _, n := range namesByByte[lower[i]] {
		if strings.HasPrefix(lower[i:], n.name) {
			return n.secretBehind(s, lower, i)
		}
	}
	return i, i
}

// secretBehind is the secret that the name at i tells of.
func (n named) secretBehind(s, lower string, i int) (from, to int) {
	end := i + len(n.name)
	if n.prefix {
		end = skip(s, end, isWordByte)
	}
	if start, quote, ok := valueBehind(s, end); ok && n.name != "authorization" {
		return n.value(s, start, quote)
	} else if ok {
		end = start // the scheme stands before the credentials
	}
	for _, scheme := range [...]string{"bearer", "basic"} {
		at := end
		if n.name == scheme {
			at = i
		}
		if (n.name == scheme || n.name == "authorization") && strings.HasPrefix(lower[at:], scheme) {
			start := skip(s, at+len(scheme), isSpace)
			if stop := skip(s, start, isCredentialByte); start > at+len(scheme) && stop-start >= minCredentials {
				return start, stop
			}
		}
	}
	if start, quote, ok := otherHalf(s, i, end); ok {
		return n.value(s, start, quote)
	}
	if token := strings.Index(s[i:end], tokenStart); token > 0 {
		end = i + token
	}
	return end, end
}

func (n named) value(s string, start int, quote string) (from, to int) {
	switch rest := s[start:]; {
	case n.content && isDocument(rest):
		return start, start // what is secret of a document has names of its own
	case quote != "":
		return start, start + quotedLength(rest, quote)
	default:
		return start, start + valueLength(rest)
	}
}

// valueBehind is where the value begins of a member whose name ends at end, and the value's opening quote.
func valueBehind(s string, end int) (start int, quote string, ok bool) {
	end = skip(s, end, isBackslash)
	if end < len(s) && isQuote(s[end]) {
		end++
	}
	end = skip(s, end, isSpace)
	if end == len(s) || s[end] != ':' && s[end] != '=' {
		return 0, "", false
	}
	start = skip(s, end+1, isSpace)
	open := start
	if open < len(s) && (s[open] == 'u' || s[open] == 'b') { // Python's prefixes of strings
		open++
	}
	if last := skip(s, open, isBackslash); last < len(s) && isQuote(s[last]) {
		return last + 1, s[open : last+1], true
	}
	return start, "", true
}

// otherHalf is the value of a pair, such as {"name": "password", "value": "x"}, whose name's text stands around i and ends at end.
func otherHalf(s string, i, end int) (start int, quote string, ok bool) {
	before, opened := cutQuote(strings.TrimRight(s[max(0, i-maxPair):i], wordBytes))
	before, colon := strings.CutSuffix(strings.TrimRight(before, "ub "), ":")
	before, closed := cutQuote(strings.TrimRight(before, " "))
	if !opened || !colon || !closed || !strings.HasSuffix(before, "name") && !strings.HasSuffix(before, "key") {
		return 0, "", false
	}
	window := s[end:min(len(s), end+maxPair)]
	if limit := strings.IndexAny(window, "{}"); limit >= 0 {
		window = window[:limit]
	}
	for _, half := range [...]string{"value", "content"} {
		at := strings.Index(window, half)
		if at < 0 {
			continue
		}
		if start, quote, ok := valueBehind(s, end+at+len(half)); ok && quote != "" {
			return start, quote, true
		}
	}
	return 0, "", false
}

// cutQuote takes the quote off the end of a text, with its backslashes.
func cutQuote(s string) (string, bool) {
	if s == "" || !isQuote(s[len(s)-1]) {
		return s, false
	}
	return strings.TrimRight(s[:len(s)-1], `\`), true
}

// keyLength is how long a private key is at the start of s; 0 where there is none. One that is cut has no end.
func keyLength(s string) int {
	line, _, _ := strings.Cut(s[len(keyStart):min(len(s), maxKeyLine)], "-----")
	if !strings.Contains(line, keyMark) {
		return 0
	}
	end := strings.Index(s, keyEnd)
	if end < 0 {
		return len(s)
	}
	end += len(keyEnd)
	if last := strings.Index(s[end:], "-----"); last >= 0 && last < maxKeyLine {
		end += last + len("-----")
	}
	return end
}

// skip is the first place from i on whose byte is not such a one.
func skip(s string, i int, such func(byte) bool) int {
	for i < len(s) && such(s[i]) {
		i++
	}
	return i
}

const wordBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}
func isTokenByte(c byte) bool      { return isWordByte(c) || c == '=' }
func isCredentialByte(c byte) bool { return isTokenByte(c) || strings.IndexByte(".~+/", c) >= 0 }
func isBackslash(c byte) bool      { return c == '\\' }
func isQuote(c byte) bool          { return c == '"' || c == '\'' }
func isSpace(c byte) bool          { return strings.IndexByte(" \t\r\n\f", c) >= 0 }

// lowerASCII leaves each byte in its place.
func lowerASCII(s string) string {
	first := 0
	for first < len(s) && (s[first] < 'A' || s[first] > 'Z') {
		first++
	}
	if first == len(s) {
		return s
	}
	lower := []byte(s)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return string(lower)
}

// valueLength is where a value ends that does not begin with a quote.
func valueLength(s string) int {
	switch {
	case strings.HasPrefix(s, "{"):
		return 0 // what is secret of an object has names of its own
	case strings.HasPrefix(s, "["), strings.HasPrefix(s, "("):
		return listLength(s)
	default:
		return bareLength(s)
	}
}

// bareLength is where a value without quotes ends.
func bareLength(s string) int {
	if end := strings.IndexAny(s, "\"'\\,&} \t\r\n"); end >= 0 {
		return end
	}
	return len(s)
}

// listItem is the start of an item of a list: its opening quote, if it has one.
var listItem = regexp.MustCompile(`^[\[(,\s]*(?:[ub]?(\\*["']))?`)

// itemEnds are the characters before which an item without quotes ends.
const itemEnds = "[](){},\"' \t\r\n"

// listLength is where a list of values ends. It ends before an object.
func listLength(s string) int {
	end := 0
	for depth := 0; end < len(s); {
		m := listItem.FindStringSubmatchIndex(s[end:])
		start := end + m[1]
		depth += strings.Count(s[end:start], "[") + strings.Count(s[end:start], "(")
		switch rest := s[start:]; {
		case m[2] >= 0:
			quote := s[end+m[2] : end+m[3]]
			end = min(len(s), start+quotedLength(rest, quote)+len(quote))
		case rest == "" || rest[0] == '{':
			return end
		case rest[0] == ']' || rest[0] == ')':
			if end = start + 1; depth <= 1 {
				return end
			}
			depth--
		default:
			end = len(s)
			if i := strings.IndexAny(rest, itemEnds); i >= 0 {
				end = start + max(1, i)
			}
		}
	}
	return end
}

// quotedLength is where a quoted value ends, or its line. The quotes of a document
// within another's text have as many backslashes before them as its depth gives;
// more are of the value: one for an escaped quote, two for a backslash, each
// escaped again at each level.
func quotedLength(s, quote string) int {
	own, backslashes := len(quote)-1, 0
	for i := range len(s) {
		switch s[i] {
		case '\\':
			backslashes++
			continue
		case '\n':
			return i
		case quote[own]:
			if more := backslashes - own; more < 0 || more%(2*(own+1)) == 0 {
				return i - min(backslashes, own)
			}
		}
		backslashes = 0
	}
	return len(s)
}
