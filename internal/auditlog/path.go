package auditlog

import (
	"strings"
)

// pathTarget is what the path of a request names.
type pathTarget struct {
	kind, id string
	// part is what was asked of the target: acl, payload, members.
	part string
}

// walkPath finds the target in the path of a request: keystonemiddleware tells it
// nowhere else. typeURI is the target's, project the id of the token's project.
func walkPath(path, typeURI, project string) pathTarget {
	var t pathTarget
	var word, first string
	words := 0
	var room [maxUsualSegments]string
	for _, segment := range pathSegments(room[:0], path, project) {
		switch {
		case isPathID(segment), words == 1 && word != "" && namesElement(typeURI, word, segment):
			if word == "" {
				return t.orFirst(first)
			}
			t = pathTarget{kind: singular(word), id: segment}
			word = ""
		case isPathWord(segment):
			words++
			if first == "" {
				first = segment
			}
			if word == "" && t.id != "" && t.part == "" && segment != "action" {
				t.part = segment
			}
			word = segment
		default:
			return t.orFirst(first)
		}
	}
	return t.orFirst(first)
}

func (t pathTarget) orFirst(word string) pathTarget {
	if t.id == "" && word != "" {
		t.kind = singular(word)
	}
	return t
}

// maxUsualSegments is how many segments a path has that needs no memory of its own.
const maxUsualSegments = 12

// pathSegments splits a path, into room if that is enough, and leaves out what
// names no resource: a prefix before the version, the version, the token's project,
// and lbaas, which every path of the load balancer has.
func pathSegments(room []string, path, project string) []string {
	segments := room
	for segment := range strings.SplitSeq(path, "/") {
		if segment != "" {
			segments = append(segments, segment)
		}
	}
	if len(segments) > 1 && !isVersion(segments[0]) && isVersion(segments[1]) {
		segments = segments[1:]
	}
	if len(segments) > 0 && isVersion(segments[0]) {
		segments = segments[1:]
		if len(segments) > 0 && isProjectID(segments[0]) {
			segments = segments[1:]
		}
	}
	if len(segments) > 0 && (segments[0] == project || segments[0] == "lbaas") {
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
// is a word itself: servers/detail.
func namesElement(typeURI, word, segment string) bool {
	_, rest, ok := strings.Cut("/"+typeURI+"/", "/"+word+"/")
	if !ok {
		return false
	}
	next, _, more := strings.Cut(rest, "/")
	return (next != "" || more) && next != segment
}

// singular makes the type of a resource of the word for many of it.
func singular(word string) string {
	if len(word) > len("os-") {
		word = strings.TrimPrefix(word, "os-")
	}
	switch {
	case len(word) == 1:
	case strings.HasSuffix(word, "ies"):
		word = word[:len(word)-3] + "y"
	case hasAnySuffix(word, "sses", "xes", "ches", "shes"):
		word = word[:len(word)-2]
	case strings.HasSuffix(word, "s") && !hasAnySuffix(word, "ss", "us", "is"):
		word = word[:len(word)-1]
	}
	return normalize(word)
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
