package request

import (
	"strings"
	"unicode"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// spokenWords are words of types and paths that people write otherwise.
var spokenWords = map[string]string{
	"acl": "ACL", "api": "API", "availabilityzone": "availability zone", "availabilityzoneprofile": "availability zone profile",
	"bgp": "BGP", "bgpvpn": "BGP VPN", "bios": "BIOS", "ca": "CA", "cgsnapshot": "consistency group snapshot",
	"clustertemplate": "cluster template",
	"config":          "configuration", "consistencygroup": "consistency group", "dhcp": "DHCP", "dns": "DNS", "dscp": "DSCP",
	"flavorprofile": "flavor profile",
	"floatingip":    "floating IP", "fwaas": "firewall", "healthmonitor": "health monitor", "ikepolicy": "IKE policy", "ip": "IP",
	"ips":   "IPs",
	"ipsec": "IPsec", "ipsecpolicy": "IPsec policy", "l2": "L2", "l3": "L3", "l7policy": "L7 policy", "led": "LED",
	"loadbalancer": "load balancer",
	"mservice":     "container infrastructure service", "ndp": "NDP", "nmi": "NMI", "nodegroup": "node group", "portgroup": "port group",
	"qos":  "QoS",
	"raid": "RAID", "rbac": "RBAC", "stat": "statistic", "stats": "statistics", "subnetpool": "subnet pool", "tld": "TLD",
	"tsigkey": "TSIG key", "vif": "VIF", "vpn": "VPN", "vpnservice": "VPN service",
}

// AppendSpoken appends a type, or a word of a path, as people say it: application credential. A path is typed, and may be made of the
// sentence's own words, such as server_was_deleted_by_bob: there it stays as it is.
func AppendSpoken(dst []byte, words string) []byte {
	if strings.IndexByte(words, '_') >= 0 && mayForge(words) {
		return append(dst, words...)
	}
	first := true
	for word := range strings.SplitSeq(words, "_") {
		if !first {
			dst = append(dst, ' ')
		}
		first = false
		if other, ok := spokenWords[word]; ok {
			word = other
		}
		dst = append(dst, word...)
	}
	return dst
}

// AppendName appends the name of an action as words: forceDown.
func AppendName(dst []byte, name string) []byte {
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
	return AppendSpoken(dst, string(words))
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

// AppendWords appends the words of a part of a path, without the mark of an extension.
func AppendWords(dst []byte, part string) []byte {
	part = withoutPrefix(part)
	if one, ok := spokenWords[singularWord(part)]; ok && IsPlural(part) {
		return AppendPlural(dst, one)
	}
	return AppendSpoken(dst, Normalize(part))
}

// Article is the indefinite article of a noun.
func Article(noun string) string {
	if noun == "" {
		return "a"
	}
	word, _, _ := strings.Cut(noun, " ")
	spelled := len(word) > 1 && word != "RAID" && !strings.ContainsFunc(word, func(r rune) bool { return unicode.ToUpper(r) != r })
	switch {
	case spelled && strings.IndexByte("AEFHILMNORSX", noun[0]) >= 0: // an RBAC policy, an L7 rule
		return "an"
	case !spelled && strings.IndexByte("aeiouI", noun[0]) >= 0 && !strings.HasPrefix(noun, "us") && !strings.HasPrefix(noun, "uni"):
		return "an"
	default:
		return "a"
	}
}

// AppendPlural appends the plural of a noun.
func AppendPlural(dst []byte, noun string) []byte {
	dst = append(dst, noun...)
	switch {
	case strings.HasSuffix(noun, "y") && !hasAnySuffix(noun, "ay", "ey", "oy", "uy"):
		return append(dst[:len(dst)-1], "ies"...)
	case hasAnySuffix(noun, "ss", "x", "ch", "sh", "tus"):
		return append(dst, "es"...)
	case strings.HasSuffix(noun, "amphora"):
		return append(dst, 'e')
	case hasAnySuffix(noun, "s", "metadata", " info", "topology"):
		return dst
	default:
		return append(dst, 's')
	}
}

// ofProject are the types whose ids are those of the projects that they are of, and what there is one of for each.
var ofProject = map[string]string{
	"auto_allocated_topology": "auto-allocated topology", "default_type": "default volume type", "project_quota": "quotas", "quota": "quotas",
	"quota_set": "quotas", "simple_tenant_usage": "usage",
}

// OfProject returns what there is one of for each project, such as its quotas, where the id of the target is that of the project; else
// empty.
func OfProject(t *audit.Target) string {
	if !IsID(t.ID) {
		return ""
	}
	return ofProject[t.Type]
}
