package auditlog

import (
	"net/url"
	"slices"
	"strings"
)

// pathTarget is what the path of a request names.
type pathTarget struct {
	kind, id string
	// name stands before the id where a path has both, as stacks/<name>/<id> of the orchestration.
	name string
	// part is the rest of the path behind the id: acl, payload, tags/red. The word action is none of it.
	part string
	// plural says, where there is no id, that the type's word is one for many.
	plural bool
	// beyond says, where there is no id, that the path goes on behind the type's word,
	// and not only with detail, which is a longer form of the same list.
	beyond bool
}

// walkPath finds the target in the path of a request: keystonemiddleware tells it
// nowhere else. typeURI is the target's, project the id of the token's project.
func walkPath(path, typeURI, project string) pathTarget {
	var (
		t      pathTarget
		room   [maxUsualSegments]string
		word   string // the one before, if it was a word
		kind   string // the word that is the type where there is no id
		words  int
		behind int // the index behind the id or, where there is none, behind that word
	)
	segments := pathSegments(room[:0], path, project)
walk:
	for i, segment := range segments {
		switch {
		case word == "" && t.id != "" && behind == i && isPathID(segment) && !isPathID(t.id):
			t.name, t.id, behind = t.id, segment, i+1
		case word != "" && (isPathID(segment) || words == 1 && namesElement(typeURI, word, segment)):
			t, behind = pathTarget{kind: singular(word), id: unescaped(segment)}, i+1
			word = ""
		case isPathWord(segment):
			words++
			word = segment
			// Before the collection, whose name is a plural, may stand what it belongs to: qos/policies.
			if t.id == "" && (kind == "" || !isPlural(kind) && isPlural(word)) {
				kind, behind = word, i+1
			}
		default:
			break walk
		}
	}
	rest := segments[behind:]
	if t.id == "" {
		t.kind, t.plural, t.beyond = singular(kind), isPlural(kind), len(rest) > 1 || len(rest) == 1 && !isDetail(rest[0])
		return t
	}
	if len(rest) > 0 && rest[len(rest)-1] == "action" {
		rest = rest[:len(rest)-1]
	}
	t.part = strings.Join(rest, "/")
	return t
}

func isDetail(word string) bool { return word == "detail" || word == "details" }

// unescaped undoes the percent-encoding of a name in a path.
func unescaped(segment string) string {
	if name, err := url.PathUnescape(segment); err == nil {
		return name
	}
	return segment
}

// maxUsualSegments is how many segments a path has that needs no memory of its own.
const maxUsualSegments = 12

// maxPrefix is how many segments a web server may have put before the version.
const maxPrefix = 2

// pathSegments splits a path, into room if that is enough, and leaves out what
// names no resource: up to two of a prefix before the version, the version, the
// token's project, lbaas, which every path of the load balancer has, and the name of
// an extension, as OS-TRUST; and .json at the end, which keystonemiddleware/audit/_api.py
// leaves out too.
func pathSegments(room []string, path, project string) []string {
	segments := room
	for segment := range strings.SplitSeq(path, "/") {
		if segment != "" {
			segments = append(segments, segment)
		}
	}
	if last := len(segments) - 1; last >= 0 {
		segments[last] = strings.TrimSuffix(segments[last], ".json")
	}
	if version := slices.IndexFunc(segments[:min(len(segments), maxPrefix+1)], isVersion); version >= 0 {
		segments = segments[version+1:]
		if len(segments) > 0 && isProjectID(segments[0]) {
			segments = segments[1:]
		}
	}
	if len(segments) > 0 && (segments[0] == project || segments[0] == "lbaas" || strings.HasPrefix(segments[0], "OS-")) {
		segments = segments[1:]
	}
	return segments
}

// isVersion recognises v2 and v2.1.
func isVersion(s string) bool {
	digits, ok := strings.CutPrefix(s, "v")
	if !ok {
		return false
	}
	major, minor, hasMinor := strings.Cut(digits, ".")
	return isDecimal(major) && (!hasMinor || isDecimal(minor))
}

// isProjectID recognises the project that stands behind the version, which need
// not be the token's.
func isProjectID(s string) bool { return len(s) == 32 && isHex(s) }

func isPathID(s string) bool {
	return isUUID(s) || (len(s) == 32 || len(s) == 64) && isHex(s) || isDecimal(s)
}

// maxPathWord bounds a word of a path, in bytes.
const maxPathWord = 40

func isPathWord(s string) bool {
	if s == "" || len(s) > maxPathWord || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// namesElement says whether the type URI goes on behind a word with what stands
// for an element of it: os-keypairs/keypair. A segment that the type URI repeats
// is a word itself: servers/detail. None is what the audit maps have for a word
// without elements.
func namesElement(typeURI, word, segment string) bool {
	_, rest, ok := strings.Cut("/"+typeURI+"/", "/"+word+"/")
	if !ok {
		return false
	}
	next, _, more := strings.Cut(rest, "/")
	return (next != "" || more) && next != segment && next != "None"
}

// singular makes the type of a resource of the word for many of it.
func singular(word string) string { return normalize(singularWord(withoutPrefix(word))) }

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
	case hasAnySuffix(word, "sses", "xes", "ches", "shes"):
		return word[:len(word)-2]
	case strings.HasSuffix(word, "rae"): // amphorae
		return word[:len(word)-1]
	case strings.HasSuffix(word, "s") && !hasAnySuffix(word, "ss", "us", "is", "aas", "qos"):
		return word[:len(word)-1]
	default:
		return word
	}
}

func isPlural(word string) bool {
	word = withoutPrefix(word)
	return singularWord(word) != word
}

// plural is the reverse, for the body.
func (m *textMaker) plural(word string) string {
	switch {
	case strings.HasSuffix(word, "y") && !hasAnySuffix(word, "ay", "ey", "oy", "uy"):
		return m.join(word[:len(word)-1], "ies")
	case hasAnySuffix(word, "ss", "x", "ch", "sh"):
		return m.join(word, "es")
	case strings.HasSuffix(word, "s"):
		return word
	default:
		return m.join(word, "s")
	}
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

func hasAnySuffix(s string, suffixes ...string) bool {
	for _, suffix := range suffixes {
		if strings.HasSuffix(s, suffix) {
			return true
		}
	}
	return false
}
