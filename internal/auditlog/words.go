package auditlog

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The lengths to which values are cut in a sentence, in characters.
const (
	maxWord = 128
	maxPath = 256
)

// quoted makes a value safe to read within a sentence: what is more than a word
// stands in quotes, with its control and format characters escaped. A user called
// "bob: success", or with a line break in the name, cannot forge a line.
func (m *textMaker) quoted(s string) string { return m.quotedTo(s, maxWord) }

func (m *textMaker) quotedPath(s string) string { return m.quotedTo(s, maxPath) }

func (m *textMaker) quotedTo(s string, limit int) string {
	s, cut := cutRunes(s, limit)
	word := isWord(s)
	if word && !cut {
		return s
	}
	if strings.Contains(s, ":") && !strings.Contains(s, "%") {
		if _, err := netip.ParseAddr(s); err == nil {
			return s
		}
	}
	end := ""
	if cut {
		end = "…"
	}
	if word {
		return m.join(s, end)
	}
	return m.join(`"`, escaped(s), end, `"`)
}

// escaped returns s with its quotes, control and format characters escaped.
func escaped(s string) string {
	if !strings.ContainsFunc(s, needsEscape) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !needsEscape(r):
			b.WriteRune(r)
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func needsEscape(r rune) bool {
	return r == '"' || r == '\\' || r != ' ' && (!unicode.IsGraphic(r) || unicode.IsSpace(r) || r == utf8.RuneError)
}

func isWord(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '/': // most names have no more
		default:
			return !strings.ContainsFunc(s[i:], breaksWord)
		}
	}
	return s != ""
}

func breaksWord(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.@+/%~=*-", r)
}

func cutRunes(s string, limit int) (string, bool) {
	if len(s) <= limit {
		return s, false
	}
	for i := range s {
		if limit == 0 {
			return s[:i], true
		}
		limit--
	}
	return s, false
}

// pastOf returns the past tense of the verbs of the action list.
func (m *textMaker) pastOf(verb string) string {
	switch verb {
	case "read":
		return "read"
	case "create":
		return "created"
	case "update":
		return "updated"
	case "delete":
		return "deleted"
	case "send":
		return "sent"
	case "stop":
		return "stopped"
	case "deny":
		return "denied"
	case "notify":
		return "notified"
	}
	if strings.HasSuffix(verb, "e") {
		return m.join(verb, "d")
	}
	return m.join(verb, "ed")
}

// article is the indefinite article of a noun.
func article(noun string) string {
	if noun != "" && strings.IndexByte("aeiou", noun[0]) >= 0 && !hasAnyPrefix(noun, "us", "uni") {
		return "an"
	}
	return "a"
}
