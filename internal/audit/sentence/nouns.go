package sentence

import (
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
)

// appendPast appends the past tense of the verb.
func (d deed) appendPast(dst []byte) []byte {
	past := d.past
	if past == "" {
		switch d.base {
		case "read":
			past = "read"
		case "send":
			past = "sent"
		case "stop":
			past = "stopped"
		case "deny":
			past = "denied"
		case "notify":
			past = "notified"
		default:
			dst = append(dst, d.base...)
			if past = "ed"; strings.HasSuffix(d.base, "e") {
				past = "d"
			}
		}
	}
	return append(dst, past...)
}

// ownNouns are the types whose word alone does not say of what they are, by service and, where there is one, parent.
var ownNouns = map[string]map[string]string{
	"cinder": {"type": "volume type", "group": "volume group", "group_type": "volume group type", "group_snapshot": "volume group snapshot",
		"service": "volume service", "attachment": "volume attachment", "transfer": "volume transfer", "pool": "storage pool",
		"capability": "capabilities of storage host", "worker": "volume service worker", "cluster": "volume service cluster"},
	"designate": {"export": "zone export", "floatingip": "PTR record", "import": "zone import", "transfer_accept": "zone transfer acceptance",
		"transfer_request": "zone transfer request"},
	"glance": {"cached_image": "cached image", "import": "import methods", "usage": "image quota usage", "namespace": "metadata namespace",
		"cache": "image cache"},
	"heat":   {"service": "orchestration service", "resource": "stack resource"},
	"ironic": {"connector": "volume connector", "target": "volume target", "heartbeat": "heartbeat of node", "volume": "volume resources"},
	"manila": {"type": "share type", "service": "share service", "group": "share group", "pool": "storage pool"},
	"neutron": {"policy": "network policy", "rule": "network rule", "agent": "network agent", "log": "network log",
		"rule_type": "QoS rule type"},
	"nova":    {"service": "compute service", "simple_tenant_usage": "project usage"},
	"octavia": {"rule": "L7 rule", "flavor": "load balancer flavor"},
}

// appendNoun appends a type in the words of the sentence: whose it is, where its word alone does not say that.
func appendNoun(dst []byte, e *audit.Event, targetType string) []byte {
	if targetType == "policy" && strings.Contains(e.Request.Path, "/qos/") {
		return append(dst, "QoS policy"...)
	}
	if own, ok := ownNouns[e.Service.Name][targetType]; ok {
		return append(dst, own...)
	}
	return request.AppendSpoken(dst, targetType)
}
