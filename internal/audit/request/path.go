// Package request knows the paths of OpenStack's APIs: what a path names, and which words of it are what the service calls an action. No
// attribute of a record holds that, so that it is found again where an event was read back.
package request

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// Restore derives again what no attribute holds, for an event that was read back.
func Restore(e *audit.Event) {
	r := &e.Request
	if r.Names = Names(e); !e.Notification.OverHTTP() && r.Names.ID != e.Target.ID {
		r.Names.Part = "" // of another than the target: openstack-audit-middleware names that itself
	}
	Operate(r, cmp.Or(e.CADF.Action, e.Action))
}

// Names returns what the path of the request names. Keystone's events have targets of their own.
func Names(e *audit.Event) audit.Path {
	switch {
	case e.Notification.FromKeystone():
		return audit.Path{}
	case e.Notification.OverHTTP():
		return walk(e.Request.Path, e.CADF.TargetTypeURI, e.Actor.Project.ID)
	default:
		return walk(e.Request.Path, "", e.Actor.Project.ID)
	}
}

// IsEmpty reports whether a path names nothing but the version of an API.
func IsEmpty(path string) bool {
	var buffer [maxUsualSegments]string
	return len(segments(buffer[:0], path, "")) == 0
}

// walk finds the target in the path of a request: keystonemiddleware tells it nowhere else. typeURI is the target's, project the id of
// the token's project.
func walk(path, typeURI, project string) audit.Path {
	var (
		t      audit.Path
		buffer [maxUsualSegments]string
		word   string // the one before, if it was a word
		noun   string // the word that is the type where there is no id
		words  int
		part   string
		next   int // the index after the id or, where there is none, after that word
	)
	all := segments(buffer[:0], path, project)
walk:
	for i, segment := range all {
		switch {
		case word == "" && t.Type == "store" && next == i && IsID(segment): // stores/<name>/<image> of the images
			t, next = audit.Path{Type: "image", ID: segment, ParentType: t.Type, ParentID: t.ID}, i+1
		case word == "" && t.ID != "" && next == i && IsID(segment) && !IsID(t.ID):
			t.Name, t.ID, next = t.ID, segment, i+1
		case word != "" && (IsID(segment) || t.ID == "" && !isReserved(word, segment) &&
			(words == 1 && namesElement(typeURI, word, segment) || IsPlural(word))):
			if word == "metadata" && noun == "software_deployments" { // of a server, heat/api/openstack/v1/software_deployments.py
				word, part = "servers", "deployment_metadata"
			}
			t = audit.Path{Type: Singular(word), ID: Unescape(segment), ParentType: t.Type, ParentID: cmp.Or(t.Name, t.ID)}
			next = i + 1
			word = ""
		case IsWord(segment):
			words++
			// Before the collection, whose name is a plural, may stand what it belongs to: qos/policies. Behind zones/tasks stand collections.
			if t.ID == "" && (noun == "" || !IsPlural(noun) && IsPlural(segment) || word == "tasks") {
				noun, next = segment, i+1
			}
			word = segment
		default:
			break walk
		}
	}
	behind := all[next:]
	if last := len(behind) - 1; last >= 0 && (behind[last] == "action" || t.ID == "" && isDetail(behind[last])) {
		behind = behind[:last]
	}
	if t.Part = strings.Join(behind, "/"); t.Part == "" {
		t.Part = part
	}
	if t.ID == "" {
		t.Type, t.Plural = Singular(noun), IsPlural(noun)
	}
	if of, ok := verbPaths[t.Type]; ok && t.Part == "" {
		t.Type, t.Part = of, t.Type
	}
	return t
}

// verbPaths are the types of what the paths that begin with a verb are about, heat/api/openstack/v1, ironic/api/controllers/v1/ramdisk.py.
var verbPaths = map[string]string{"continue_inspection": "node", "heartbeat": "node", "lookup": "node", "validate": "template"}

func isDetail(word string) bool { return word == "detail" || word == "details" }

// reserved are the words that stand behind a collection and are none of its elements, as the services' API references have them.
var reserved = map[string][]string{
	"attachments":       {"summary"},
	"backups":           {"import_record"},
	"cas":               {"all", "global-preferred", "preferred", "unset-global-preferred"},
	"clusters":          {"disable", "enable"},
	"consistencygroups": {"create_from_src"},
	"group_types":       {"default"},
	"groups":            {"action"},
	"nodes":             {"validate"},
	"os-hypervisors":    {"statistics"},
	"os-services": {"disable", "disable-log-reason", "enable", "failover", "failover_host", "force-down", "freeze", "get-log",
		"set-log", "thaw"},
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

// Unescape undoes the percent-encoding of a name in a path.
func Unescape(segment string) string {
	if name, err := url.PathUnescape(segment); err == nil {
		return name
	}
	return segment
}

// maxUsualSegments is how many segments a path has that needs no memory of its own.
const maxUsualSegments = 12

// maxPrefix is how many segments a web server may have put before the version.
const maxPrefix = 2

// segments splits a path, into a buffer if that is enough, and leaves out what
// names no resource: up to two of a prefix before the version, the version, the
// token's project, lbaas, which every path of the load balancer has, and the name of
// an extension, such as OS-TRUST; what only heads collections; and .json at the end, which keystonemiddleware/audit/_api.py
// leaves out too.
func segments(buffer []string, path, project string) []string {
	segments := buffer
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
	return IsDecimal(major) && (!hasMinor || IsDecimal(minor))
}

// isProjectID recognises the project that stands behind the version, which need
// not be the token's.
func isProjectID(s string) bool { return len(s) == 32 && IsHex(s) }

// IsID reports whether a segment of a path is an id: a UUID, 32 or 64 hexadecimal digits, or a number.
func IsID(s string) bool {
	return IsUUID(s) || (len(s) == 32 || len(s) == 64) && IsHex(s) || IsDecimal(s)
}

// maxWord bounds a word of a path, in bytes.
const maxWord = 40

// IsWord reports whether a segment of a path is a word of the service.
func IsWord(s string) bool {
	if s == "" || len(s) > maxWord || s[0] < 'a' || s[0] > 'z' {
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
