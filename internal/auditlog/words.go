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
func quoted(s string) string { return quotedTo(s, maxWord) }

func quotedPath(s string) string { return quotedTo(s, maxPath) }

func quotedTo(s string, limit int) string {
	s, cut := cutRunes(s, limit)
	if isWord(s) && !cut {
		return s
	}
	if strings.Contains(s, ":") && !strings.Contains(s, "%") {
		if _, err := netip.ParseAddr(s); err == nil {
			return s
		}
	}
	if isWord(s) {
		return s + "…"
	}
	var b strings.Builder
	b.Grow(len(s) + len(`"""`) + len("…"))
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r) && r != utf8.RuneError:
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	if cut {
		b.WriteString("…")
	}
	b.WriteByte('"')
	return b.String()
}

func isWord(s string) bool {
	for _, r := range s {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			continue
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.@+/%~=*-", r) {
			return false
		}
	}
	return s != ""
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
func pastOf(verb string) string {
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
		return verb + "d"
	}
	return verb + "ed"
}

func withArticle(noun string) string {
	if noun != "" && strings.IndexByte("aeiou", noun[0]) >= 0 && !hasAnyPrefix(noun, "us", "uni") {
		return "an " + noun
	}
	return "a " + noun
}
