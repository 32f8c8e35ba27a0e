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
	if noun == "" {
		return "a"
	}
	word, _, _ := strings.Cut(noun, " ")
	spelled := len(word) > 1 && word == strings.ToUpper(word) && word != "RAID"
	switch {
	case spelled && strings.IndexByte("AEFHILMNORSX", noun[0]) >= 0: // an RBAC policy, an L7 rule
		return "an"
	case !spelled && strings.IndexByte("aeiouI", noun[0]) >= 0 && !hasAnyPrefix(noun, "us", "uni"):
		return "an"
	default:
		return "a"
	}
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

func isPlural(word string) bool {
	word = withoutPrefix(word)
	return singularWord(word) != word
}

// plural is the reverse, for the sentence.
func (m *textMaker) plural(words string) string {
	switch {
	case strings.HasSuffix(words, "y") && !hasAnySuffix(words, "ay", "ey", "oy", "uy"):
		return m.join(words[:len(words)-1], "ies")
	case hasAnySuffix(words, "ss", "x", "ch", "sh", "tus"):
		return m.join(words, "es")
	case strings.HasSuffix(words, "amphora"):
		return m.join(words, "e")
	case hasAnySuffix(words, "s", "metadata", " info", "topology"):
		return words
	default:
		return m.join(words, "s")
	}
}

// spokenWords are words of types and paths that people write otherwise.
var spokenWords = map[string]string{
	"acl": "ACL", "api": "API", "availabilityzone": "availability zone", "availabilityzoneprofile": "availability zone profile",
	"bgp": "BGP", "bgpvpn": "BGP VPN", "bios": "BIOS", "ca": "CA", "cgsnapshot": "consistency group snapshot", "clustertemplate": "cluster template",
	"config": "configuration", "consistencygroup": "consistency group", "dhcp": "DHCP", "dns": "DNS", "dscp": "DSCP", "flavorprofile": "flavor profile",
	"floatingip": "floating IP", "fwaas": "firewall", "healthmonitor": "health monitor", "ikepolicy": "IKE policy", "ip": "IP", "ips": "IPs",
	"ipsec": "IPsec", "ipsecpolicy": "IPsec policy", "l2": "L2", "l3": "L3", "l7policy": "L7 policy", "led": "LED", "loadbalancer": "load balancer",
	"mservice": "container infrastructure service", "ndp": "NDP", "nmi": "NMI", "nodegroup": "node group", "portgroup": "port group", "qos": "QoS",
	"raid": "RAID", "rbac": "RBAC", "stat": "statistic", "stats": "statistics", "subnetpool": "subnet pool", "tld": "TLD",
	"tsigkey": "TSIG key", "vif": "VIF", "vpn": "VPN", "vpnservice": "VPN service",
}

// spoken writes a type, or a word of a path, as people say it: application credential. A path is typed, and may be made of the
// sentence's own words, such as server_was_deleted_by_bob: there it stays as it is.
func spoken(words string) string {
	if strings.IndexByte(words, '_') < 0 {
		if other, ok := spokenWords[words]; ok {
			return other
		}
		return words
	}
	if mayForge(words) {
		return words
	}
	room := make([]byte, 0, len(words)+8)
	for word := range strings.SplitSeq(words, "_") {
		if len(room) > 0 {
			room = append(room, ' ')
		}
		if other, ok := spokenWords[word]; ok {
			word = other
		}
		room = append(room, word...)
	}
	return string(room)
}

// spokenName writes the name of an action as words.
func spokenName(name string) string {
	name = withoutPrefix(name)
	words := make([]byte, 0, len(name)+4)
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' && i > 0 && 'a' <= name[i-1] && name[i-1] <= 'z' {
			words = append(words, '_', c-'A'+'a')
		} else {
			words = append(words, c)
		}
	}
	return spoken(string(words))
}

// mayForge reports whether words of a path, apart, would read as a sentence.
func mayForge(words string) bool {
	for word := range strings.SplitSeq(words, "_") {
		switch word {
		case "allocated", "assisted", "managed", "shared": // auto_allocated_topology, assisted_volume_snapshot
			continue
		case "a", "an", "at", "by", "for", "from", "in", "of", "on", "read", "sent", "the", "to", "via", "was", "were":
			return true
		}
		if strings.HasSuffix(word, "ed") {
			return true
		}
	}
	return false
}

// ownNouns are the types whose word alone does not say of what they are, by service and, where there is one, parent.
var ownNouns = map[string]map[string]string{
	"cinder": {"type": "volume type", "group": "volume group", "group_type": "volume group type", "group_snapshot": "volume group snapshot",
		"service": "volume service", "attachment": "volume attachment", "transfer": "volume transfer", "pool": "storage pool",
		"capability": "capabilities of storage host", "worker": "volume service worker", "cluster": "volume service cluster"},
	"designate": {"export": "zone export", "floatingip": "PTR record", "import": "zone import", "transfer_accept": "zone transfer acceptance",
		"transfer_request": "zone transfer request"},
	"glance":  {"cached_image": "cached image", "import": "import methods", "usage": "image quota usage", "namespace": "metadata namespace", "cache": "image cache"},
	"heat":    {"service": "orchestration service", "resource": "stack resource"},
	"ironic":  {"connector": "volume connector", "target": "volume target", "heartbeat": "heartbeat of node", "volume": "volume resources"},
	"manila":  {"type": "share type", "service": "share service", "group": "share group", "pool": "storage pool"},
	"neutron": {"policy": "network policy", "rule": "network rule", "agent": "network agent", "log": "network log", "rule_type": "QoS rule type"},
	"nova":    {"service": "compute service", "simple_tenant_usage": "project usage"},
	"octavia": {"rule": "L7 rule", "flavor": "load balancer flavor"},
}

// noun is a type in the words of the sentence: whose it is, where its word alone does not say that.
func noun(service, kind, path string) string {
	if kind == "policy" && strings.Contains(path, "/qos/") {
		return "QoS policy"
	}
	if own, ok := ownNouns[service][kind]; ok {
		return own
	}
	return spoken(kind)
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
