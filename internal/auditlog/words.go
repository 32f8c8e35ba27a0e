package auditlog

import "strings"

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

// spoken writes a type, or a word of a path, as people say it: application credential. A path is typed, and may be made of the
// sentence's own words, such as server_was_deleted_by_bob: there it stays as it is.
func spoken(words string) string {
	if strings.IndexByte(words, '_') < 0 {
		return words
	}
	for word := range strings.SplitSeq(words, "_") {
		switch word {
		case "a", "an", "at", "by", "for", "from", "in", "of", "on", "read", "sent", "the", "to", "via", "was", "were":
			return words
		}
		if strings.HasSuffix(word, "ed") {
			return words
		}
	}
	return strings.ReplaceAll(words, "_", " ")
}
