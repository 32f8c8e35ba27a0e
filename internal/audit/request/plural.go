package request

import (
	"slices"
	"strings"
)

// Singular makes the type of a resource of the word for many of it.
func Singular(word string) string { return Normalize(singularWord(withoutPrefix(word))) }

// withoutPrefix takes off the mark of what was an extension once.
func withoutPrefix(word string) string {
	if len(word) > len("os-") {
		return strings.TrimPrefix(word, "os-")
	}
	return word
}

func singularWord(word string) string {
	switch {
	case len(word) <= 1:
		return word
	case strings.HasSuffix(word, "ies"):
		return word[:len(word)-3] + "y"
	case strings.HasSuffix(word, "ie"): // openstack-audit-middleware takes the last letter off, whatever the word
		return word[:len(word)-2] + "y"
	case hasAnySuffix(word, "sses", "xes", "ches", "shes", "tuses"):
		return word[:len(word)-2]
	case strings.HasSuffix(word, "rae"): // amphorae
		return word[:len(word)-1]
	case strings.HasSuffix(word, "s") && !hasAnySuffix(word, "ss", "us", "is", "aas", "qos", "bios"):
		return word[:len(word)-1]
	default:
		return word
	}
}

// IsPlural reports whether a word is one for many.
func IsPlural(word string) bool {
	word = withoutPrefix(word)
	return singularWord(word) != word
}

func hasAnySuffix(s string, suffixes ...string) bool {
	return slices.ContainsFunc(suffixes, func(suffix string) bool { return strings.HasSuffix(s, suffix) })
}
