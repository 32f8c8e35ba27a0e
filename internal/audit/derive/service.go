package derive

import (
	"regexp"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/redact"
)

// codeNames are the code names of the service types,
// https://service-types.openstack.org/, with the words that publishers use for them.
var codeNames = map[string]struct{ serviceType, name string }{
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
var typeURIPrefixes = [...]struct{ prefix, serviceType string }{
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
func serviceTypeOfURI(uri string) (serviceType, below string, ok bool) {
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
		if below, found := strings.CutPrefix(uri, p.prefix); found && (below == "" || below[0] == '/') {
			return p.serviceType, strings.Trim(below, "/"), true
		}
	}
	first, below, _ := strings.Cut(uri, "/")
	if serviceType := typeOfWord(first); serviceType != "" {
		return serviceType, below, true
	}
	return "", uri, false
}

// wsgiRunners are programs, without their versions, that say nothing about the service they run.
var wsgiRunners = map[string]bool{
	"uwsgi": true, "gunicorn": true, "apache": true, "httpd": true, "mod_wsgi": true, "python": true,
}

var programSuffix = regexp.MustCompile(`[-_]((public|admin|internal)[-_])?(wsgi|uwsgi|api)([-_].*)?$|([-_](proxy|rpc))?-server$`)

// resolve finds the service, most certain source first.
func (o *origin) resolve(names map[string]string) Service {
	var s audit.Service
	publisherType, host, fromPublisher := splitPublisher(o.publisherID)
	fromTarget := o.targetType != ""
	switch {
	case fromPublisher:
		s.Type, s.Host = publisherType, host
	case fromTarget:
		s.Type = o.targetType
	default:
		if serviceType, _, ok := serviceTypeOfURI(o.observerURI); ok {
			s.Type = serviceType
		} else if o.keystone {
			s.Type = "identity"
		}
	}
	if s.Host == "" {
		s.Host = o.lineHost
	}
	switch {
	case o.observerName != "" && o.observerName != filler:
		s.Name = o.observerName
		if serviceType := typeOfName(s.Name); serviceType != "" {
			s.Type = serviceType // octavia's targets are of the network
		} else if o.observerURI != "" {
			s.Type, _, _ = serviceTypeOfURI(o.observerURI) // limes' are of the services whose quotas it sets
		}
	case s.Type != "" && (fromPublisher || fromTarget || s.Type == "identity"):
		s.Name = codeNames[s.Type].name
	default:
		s.Name = programService(o.publisherID)
	}
	if s.Name == "" {
		s.Name = o.incomingName
	}
	if s.Name == "" {
		s.Name = codeNames[s.Type].name
	}
	if s.Name == "" {
		s.Name = "unknown_service"
		if o.publisherID != "" {
			s.Name += ":" + o.publisherID
		}
	}
	if s.Type == "" {
		s.Type = typeOfName(s.Name)
	}
	if name, ok := names[o.publisherID]; ok {
		s.Name = name
	} else if name, ok := names[s.Name]; ok {
		s.Name = name
	}
	cut := len(s.Name) > redact.MaxName || len(s.Host) > redact.MaxName
	s.Name, s.Host = redact.Cut(s.Name, redact.MaxName), redact.Cut(s.Host, redact.MaxName)
	return Service{Service: s, Cut: cut}
}

// splitPublisher takes apart <type>.<host> and <type>:<host>, where the code name may stand for the type: magnum.ctl01.
func splitPublisher(publisher string) (serviceType, host string, ok bool) {
	i := strings.IndexAny(publisher, ".:")
	if i < 0 {
		return "", "", false
	}
	word := publisher[:i]
	if strings.HasPrefix(word, "volume") {
		word = "volume"
	}
	serviceType = typeOfWord(word)
	return serviceType, publisher[i+1:], serviceType != ""
}

// typeOfWord returns the service type that a word for it, or the service's code name, stands for.
func typeOfWord(word string) string {
	if c, known := codeNames[word]; known {
		return c.serviceType
	}
	return typeOfName(word)
}

// programService takes the service out of the name of its program: the audit
// middlewares publish basename(argv[0]), keystonemiddleware/audit/_notifier.py.
func programService(program string) string {
	if program == "" || wsgiRunners[strings.TrimRight(program, "0123456789.")] {
		return ""
	}
	return programSuffix.ReplaceAllString(program, "")
}

// typeOfName returns the service type of a code name.
func typeOfName(name string) string { return typesOfNames[name] }

var typesOfNames = func() map[string]string {
	types := make(map[string]string, len(codeNames))
	for _, c := range codeNames {
		types[c.name] = c.serviceType
	}
	return types
}()
