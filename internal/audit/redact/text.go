package redact

import (
	"regexp"
	"strings"
)

// tokenStart is how each Fernet token begins.
const tokenStart = "gAAAA"

// keyMark is in the first line of each private key.
const keyMark = "PRIVATE KEY-----"

// secretText finds the name of a member that holds a secret, up to its value, with the value's opening quote; and secrets that are known
// by their look.
var secretText = regexp.MustCompile(
	`(?i:(?:(?:` + strings.Join(secretNames, "|") + `|temp_url_sig|signature)[\w-]*|credential|(` + strings.Join(contentNames, "|") + `))` +
		`\\*["']?\s*[:=]\s*(?:[ub]?(\\*["']))?)` +
		`|(` + tokenStart + `[\w=-]{16,}|-----BEGIN [A-Z0-9 ]*` + keyMark + `(?s:.*?)(?:-----END [^-]*-----|$))` +
		`|(?i:bearer|authorization\\*["']?\s*[:=]\s*(?:[ub]?\\*["'])?(?:basic|bearer))\s+([\w.~+/=-]{8,})`)

// The groups of secretText, as indices into a match.
const (
	groupContent = 2 * (iota + 1) // a name of contentNames
	groupQuote                    // the opening quote of the value
	groupLook                     // a token or key
	groupHeader                   // the value of a header of HTTP
)

// Text returns a text that is not parsed without the secrets that it names, or that are known by their look.
func Text(s string) string {
	s = redactUserinfo(s)
	if !mayHoldSecret(s) {
		return s // the usual case, without the expression
	}
	var b strings.Builder
	for {
		m := secretText.FindStringSubmatchIndex(s)
		if m == nil {
			b.WriteString(s)
			return b.String()
		}
		from, to := secretOf(s, m)
		b.WriteString(s[:from])
		if to > from {
			b.WriteString(Masked)
		}
		s = s[to:]
	}
}

// secretOf is where the secret of a match begins and ends.
func secretOf(s string, m []int) (from, to int) {
	from = m[1]
	switch rest := s[from:]; {
	case m[groupLook] >= 0:
		return m[groupLook], from
	case m[groupHeader] >= 0:
		return m[groupHeader], from
	case m[groupContent] >= 0 && isDocument(rest):
		return from, from // what is secret of a document has names of its own
	case m[groupQuote] >= 0:
		return from, from + quotedLength(rest, s[m[groupQuote]:m[groupQuote+1]])
	default:
		return from, from + valueLength(rest)
	}
}

// mayHoldSecret reports whether secretText can find anything in s. To its (?i), ſ is an s.
func mayHoldSecret(s string) bool {
	if strings.Contains(s, tokenStart) || strings.Contains(s, keyMark) {
		return true
	}
	lower := strings.ToLower(s)
	if strings.Contains(lower, "bearer") || strings.Contains(lower, "ſ") {
		return true
	}
	end := strings.LastIndexAny(lower, ":=")
	if end < 0 {
		return false
	}
	lower = lower[:end]
	for _, names := range [...][]string{secretNames, contentNames, {"credential", "temp_url_sig", "signature", "authorization"}} {
		for _, name := range names {
			if strings.Contains(lower, name) {
				return true
			}
		}
	}
	return false
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
