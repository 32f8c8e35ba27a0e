package auditlog

import (
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/redact"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
)

// maxEventName bounds an event name, in bytes.
const maxEventName = 128

// eventName makes a low-cardinality name of an event type.
func eventName(eventType string) string {
	var name strings.Builder
	name.WriteString("openstack")
	for segment := range strings.SplitSeq(eventType, ".") {
		if isIdentifier(segment) {
			continue
		}
		if s := request.Normalize(segment); s != "" {
			name.WriteString("." + s)
		}
	}
	return redact.Cut(name.String(), maxEventName)
}

// isIdentifier recognises what must not stand in a name: a UUID, or 24 hexadecimal digits and more.
func isIdentifier(s string) bool {
	return request.IsUUID(s) || len(s) >= 24 && request.IsHex(s)
}

func (m *Mapper) eventNameOf(eventType string) string {
	if name, known := m.eventNames.Get(eventType); known {
		return *name
	}
	name := eventName(eventType)
	if len(eventType) <= derive.MaxRemembered {
		m.eventNames.Put(strings.Clone(eventType), &name)
	}
	return name
}
