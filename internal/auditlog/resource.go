package auditlog

import (
	"regexp"
	"strings"
)

// service is who emitted a notification.
type service struct {
	name string // the code name: keystone, nova
	kind string // of the service types authority: identity, compute
	host string
	// cut says that a notification had more of a name or host than a record holds.
	cut bool
}

// codeNames are the code names of the service types,
// https://service-types.openstack.org/, with the words that publishers use for them.
var codeNames = map[string]struct{ kind, name string }{
	"identity":      {"identity", "keystone"},
	"compute":       {"compute", "nova"},
	"image":         {"image", "glance"},
	"network":       {"network", "neutron"},
	"volume":        {"block-storage", "cinder"},
	"block-storage": {"block-storage", "cinder"},
	"snapshot":      {"block-storage", "cinder"},
	"orchestration": {"orchestration", "heat"},
	"dns":           {"dns", "designate"},
	"key-manager":   {"key-manager", "barbican"},
	"load-balancer": {"load-balancer", "octavia"},
	"object-store":  {"object-store", "swift"},
	"baremetal":     {"baremetal", "ironic"},
	"share":         {"share", "manila"},

	"accelerator":           {"accelerator", "cyborg"},
	"alarm":                 {"alarm", "aodh"},
	"application-container": {"application-container", "zun"},
	"clustering":            {"clustering", "senlin"},
	"container-infra":       {"container-infrastructure-management", "magnum"},
	"data-processing":       {"data-processing", "sahara"},
	"database":              {"database", "trove"},
	"infra-optim":           {"infra-optim", "watcher"},
	"instance-ha":           {"instance-ha", "masakari"},
	"message":               {"message", "zaqar"},
	"metric":                {"metric", "gnocchi"},
	"nfv-orchestration":     {"nfv-orchestration", "tacker"},
	"placement":             {"placement", "placement"},
	"rating":                {"rating", "cloudkitty"},
	"reservation":           {"reservation", "blazar"},
	"workflow":              {"workflow", "mistral"},

	"container-infrastructure-management": {"container-infrastructure-management", "magnum"},
}

// typeURIPrefixes are the starts of resource type URIs that are not the name of the
// service type, longest first; leading service/ and data/ do not count.
var typeURIPrefixes = [...]struct{ prefix, kind string }{
	{"security/keymanager", "key-manager"},
	{"compute/baremetal", "baremetal"},
	{"storage/image", "image"},
	{"storage/block", "block-storage"},
	{"storage/volume", "block-storage"},
	{"storage/object", "object-store"},
	{"storage/object-store", "object-store"},
	{"storage/share", "share"},
	{"security", "identity"},
	{"compute", "compute"},
	{"network", "network"},
	{"load-balancer", "load-balancer"},
	{"loadbalancer", "load-balancer"},
	{"orchestration", "orchestration"},
	{"dns", "dns"},
}

// serviceTypeOfURI returns the service type of a type URI, and what follows the
// part that told it.
func serviceTypeOfURI(uri string) (kind, rest string, ok bool) {
	for {
		trimmed := strings.TrimPrefix(strings.TrimPrefix(uri, "service/"), "data/")
		if trimmed == uri {
			break
		}
		uri = trimmed // openstack-audit-middleware doubles them: service/data/security/keymanager
	}
	if uri == "" {
		return "", "", false
	}
	for _, p := range &typeURIPrefixes {
		if p.prefix[0] != uri[0] {
			continue // for most there is nothing to compare
		}
		if rest, found := strings.CutPrefix(uri, p.prefix); found && (rest == "" || rest[0] == '/') {
			return p.kind, strings.Trim(rest, "/"), true
		}
	}
	first, rest, _ := strings.Cut(uri, "/")
	if kind := kindOfWord(first); kind != "" {
		return kind, rest, true
	}
	return "", uri, false
}

// wsgiRunners are programs, without their versions, that say nothing about the service they run.
var wsgiRunners = map[string]bool{
	"uwsgi": true, "gunicorn": true, "apache": true, "httpd": true, "mod_wsgi": true, "python": true,
}

var programSuffix = regexp.MustCompile(`[-_]((public|admin|internal)[-_])?(wsgi|uwsgi|api)([-_].*)?$|([-_](proxy|rpc))?-server$`)

// resolveService finds the service, most certain source first.
func (c *ResourceConfig) resolveService(from *source) service {
	var s service
	publisherType, host, fromPublisher := splitPublisher(from.publisherID)
	fromTarget := from.targetKind != ""
	switch {
	case fromPublisher:
		s.kind, s.host = publisherType, host
	case fromTarget:
		s.kind = from.targetKind
	default:
		if kind, _, ok := serviceTypeOfURI(from.observerURI); ok {
			s.kind = kind
		} else if from.identity {
			s.kind = "identity"
		}
	}
	if s.host == "" {
		s.host = from.lineHost
	}
	switch {
	case from.observerName != "" && from.observerName != "unknown":
		s.name = from.observerName
		if kind := kindOfName(s.name); kind != "" {
			s.kind = kind // octavia's targets are of the network
		} else if from.observerURI != "" {
			s.kind, _, _ = serviceTypeOfURI(from.observerURI) // limes' are of the services whose quotas it sets
		}
	case s.kind != "" && (fromPublisher || fromTarget || s.kind == "identity"):
		s.name = codeNames[s.kind].name
	default:
		s.name = programService(from.publisherID)
	}
	if s.name == "" {
		s.name = from.incomingName
	}
	if s.name == "" {
		s.name = codeNames[s.kind].name
	}
	if s.name == "" {
		s.name = "unknown_service"
		if from.publisherID != "" {
			s.name += ":" + from.publisherID
		}
	}
	if s.kind == "" {
		s.kind = kindOfName(s.name)
	}
	if name, ok := c.ServiceNames[from.publisherID]; ok {
		s.name = name
	} else if name, ok := c.ServiceNames[s.name]; ok {
		s.name = name
	}
	s.cut = len(s.name) > maxNameBytes || len(s.host) > maxNameBytes
	s.name, s.host = cutUTF8(s.name, maxNameBytes), cutUTF8(s.host, maxNameBytes)
	return s
}

// splitPublisher takes apart <type>.<host> and <type>:<host>, where the code name may stand for the type: magnum.ctl01.
func splitPublisher(publisher string) (kind, host string, ok bool) {
	i := strings.IndexAny(publisher, ".:")
	if i < 0 {
		return "", "", false
	}
	kind = publisher[:i]
	if strings.HasPrefix(kind, "volume") {
		kind = "volume"
	}
	kind = kindOfWord(kind)
	return kind, publisher[i+1:], kind != ""
}

// kindOfWord returns the service type that a word for it, or the service's code name, stands for.
func kindOfWord(word string) string {
	if c, known := codeNames[word]; known {
		return c.kind
	}
	return kindOfName(word)
}

// programService takes the service out of the name of its program: the audit
// middlewares publish basename(argv[0]), keystonemiddleware/audit/_notifier.py.
func programService(program string) string {
	if program == "" || wsgiRunners[strings.TrimRight(program, "0123456789.")] {
		return ""
	}
	return programSuffix.ReplaceAllString(program, "")
}

// kindOfName returns the service type of a code name.
func kindOfName(name string) string { return kindsOfNames[name] }

var kindsOfNames = func() map[string]string {
	kinds := make(map[string]string, len(codeNames))
	for _, c := range codeNames {
		kinds[c.name] = c.kind
	}
	return kinds
}()
