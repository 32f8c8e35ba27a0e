package openstackauditcompletenessconnector

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// resource is the service that a record is from; no host, as in the connector openstack_audit_metrics.
type resource struct {
	ServiceName, ServiceNamespace, Region string
}

// source is a publisher of a service: its publisher_id, or without one its host.
type source struct {
	resource
	Publisher string
}

// Event types that are told apart. keystonemiddleware.audit sends the first two with one id.
const (
	eventRequest      = "audit.http.request"
	eventResponse     = "audit.http.response"
	eventAuthenticate = "identity.authenticate"
)

func resourceOf(attributes pcommon.Map) resource {
	return resource{
		ServiceName:      text(attributes, audit.AttrServiceName),
		ServiceNamespace: text(attributes, audit.AttrServiceNamespace),
		Region:           text(attributes, audit.AttrCloudRegion),
	}
}

func (r resource) write(attributes pcommon.Map) {
	for key, value := range map[string]string{
		audit.AttrServiceName: r.ServiceName, audit.AttrServiceNamespace: r.ServiceNamespace, audit.AttrCloudRegion: r.Region,
	} {
		if value != "" {
			attributes.PutStr(key, value)
		}
	}
}

// clone copies the texts: those of a record are parts of a whole message.
func (s source) clone() source {
	return source{
		resource:  resource{strings.Clone(s.ServiceName), strings.Clone(s.ServiceNamespace), strings.Clone(s.Region)},
		Publisher: strings.Clone(s.Publisher),
	}
}

// observation is a record, with who published it, and when it was sent, as far as it tells, and never later than now.
type observation struct {
	*audit.Event
	source source
	sent   time.Time
}

func observationOf(r resource, host string, event *audit.Event, now time.Time) observation {
	o := observation{Event: event, source: source{r, event.Notification.PublisherID}, sent: now}
	if o.source.Publisher == "" {
		o.source.Publisher = host
	}
	if !event.Time.IsZero() && event.Time.Before(now) {
		o.sent = event.Time
	}
	return o
}

func text(attributes pcommon.Map, key string) string {
	value, ok := attributes.Get(key)
	if !ok {
		return ""
	}
	return value.AsString()
}
