package auditlog

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// pathTarget is what the path of a request names.
type pathTarget struct {
	kind, id string
	// name stands before the id where a path has both, such as stacks/<name>/<id> of the orchestration.
	name string
	// parentKind and parentID are what the target belongs to, where the path names that before it: the server of a volume attachment.
	parentKind, parentID string
	// part is the rest of the path behind the id: acl, payload, tags/red; where there is no id, behind the word of the type. The
	// word action at the end is none of it, nor is detail, a longer form of the same list.
	part string
	// plural reports, where there is no id, that the type's word is one for many.
	plural bool
	// preposition stands between a part or a child and what it belongs to; empty: of.
	preposition string
}

// walkPath finds the target in the path of a request: keystonemiddleware tells it nowhere else. typeURI is the target's, project
// the id of the token's project.
func walkPath(path, typeURI, project string) pathTarget {
	var (
		t      pathTarget
		room   [maxUsualSegments]string
		word   string // the one before, if it was a word
		kind   string // the word that is the type where there is no id
		words  int
		part   string
		behind int // the index behind the id or, where there is none, behind that word
	)
	segments := pathSegments(room[:0], path, project)
walk:
	for i, segment := range segments {
		switch {
		case word == "" && t.kind == "store" && behind == i && isPathID(segment): // stores/<name>/<image> of the images
			t, behind = pathTarget{kind: "image", id: segment, parentKind: t.kind, parentID: t.id}, i+1
		case word == "" && t.id != "" && behind == i && isPathID(segment) && !isPathID(t.id):
			t.name, t.id, behind = t.id, segment, i+1
		case word != "" && (isPathID(segment) || t.id == "" && !isReserved(word, segment) &&
			(words == 1 && namesElement(typeURI, word, segment) || isPlural(word))):
			if word == "metadata" && kind == "software_deployments" { // of a server, heat/api/openstack/v1/software_deployments.py
				word, part = "servers", "deployment_metadata"
			}
			t, behind = pathTarget{kind: singular(word), id: unescaped(segment), parentKind: t.kind, parentID: cmp.Or(t.name, t.id)}, i+1
			word = ""
		case isPathWord(segment):
			words++
			// Before the collection, whose name is a plural, may stand what it belongs to: qos/policies. Behind zones/tasks stand collections.
			if t.id == "" && (kind == "" || !isPlural(kind) && isPlural(segment) || word == "tasks") {
				kind, behind = segment, i+1
			}
			word = segment
		default:
			break walk
		}
	}
	rest := segments[behind:]
	if last := len(rest) - 1; last >= 0 && (rest[last] == "action" || t.id == "" && isDetail(rest[last])) {
		rest = rest[:last]
	}
	if t.part = strings.Join(rest, "/"); t.part == "" {
		t.part = part
	}
	if t.id == "" {
		t.kind, t.plural = singular(kind), isPlural(kind)
	}
	if of, ok := verbPaths[t.kind]; ok && t.part == "" {
		t.kind, t.part = of, t.kind
	}
	return t
}

// verbPaths are the types of what the paths that begin with a verb are about, heat/api/openstack/v1, ironic/api/controllers/v1/ramdisk.py.
var verbPaths = map[string]string{"continue_inspection": "node", "heartbeat": "node", "lookup": "node", "validate": "template"}

func isDetail(word string) bool { return word == "detail" || word == "details" }

// reserved are the words that stand behind a collection and are none of its elements, as the services' API references have them.
var reserved = map[string][]string{
	"attachments":          {"summary"},
	"backups":              {"import_record"},
	"cas":                  {"all", "global-preferred", "preferred", "unset-global-preferred"},
	"clusters":             {"disable", "enable"},
	"consistencygroups":    {"create_from_src"},
	"group_types":          {"default"},
	"groups":               {"action"},
	"nodes":                {"validate"},
	"os-hypervisors":       {"statistics"},
	"os-services":          {"disable", "disable-log-reason", "enable", "failover", "failover_host", "force-down", "freeze", "get-log", "set-log", "thaw"},
	"quotas":               {"defaults"},
	"secret-stores":        {"global-default", "preferred"},
	"services":             {"disable", "enable"},
	"share-group-types":    {"default"},
	"share-servers":        {"manage"},
	"shares":               {"manage"},
	"snapshots":            {"manage"},
	"software_deployments": {"metadata"},
	"stacks":               {"preview"},
	"types":                {"default"},
	"volumes":              {"summary"},
	"workers":              {"cleanup"},
	"zones":                {"tasks"},
}

// isReserved reports whether a segment behind the word of a collection is a word of the service, and no name.
func isReserved(word, segment string) bool {
	return isDetail(segment) || segment == "action" || word == "tasks" || slices.Contains(reserved[word], segment)
}

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
// an extension, such as OS-TRUST; what only heads collections; and .json at the end, which keystonemiddleware/audit/_api.py
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
	return withoutHeading(segments)
}

// withoutHeading leaves out the word that only heads collections, and writes those as the others that are not named by a plural:
// cinder/api/contrib, cinder/api/v3/router.py, glance/api/v2/router.py.
func withoutHeading(segments []string) []string {
	if len(segments) > 2 && segments[0] == "schemas" && segments[1] == "metadefs" {
		segments[1] = segments[0]
		segments = segments[1:]
	}
	if len(segments) > 1 {
		switch segments[0] {
		case "info", "metadefs", "scheduler-stats":
			segments = segments[1:]
		}
	}
	if len(segments) == 0 {
		return segments
	}
	switch segments[0] {
	case "cache":
		if len(segments) > 1 {
			segments[0] = "cached-images"
		}
	case "get_pools":
		segments[0] = "pools"
	case "os-availability-zone", "os-instance_usage_audit_log", "os-volume-transfer":
		segments[0] += "s"
	case "os-snapshot-manage":
		segments[0] = "manageable_snapshots"
	case "os-volume-manage":
		segments[0] = "manageable_volumes"
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

// namesElement reports whether the type URI goes on behind a word with what stands
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
