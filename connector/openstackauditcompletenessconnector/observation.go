package openstackauditcompletenessconnector

import (
	"strings"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

// source is a publisher of a service: its publisher_id, or without one its host.
type source struct {
	totals.Resource
	Publisher string
}

// Event types that are told apart. keystonemiddleware.audit sends the first two with one id.
const (
	eventRequest      = "audit.http.request"
	eventResponse     = "audit.http.response"
	eventAuthenticate = "identity.authenticate"
)

// clone copies the texts: those of a record are parts of a whole message.
func (s source) clone() source {
	return source{
		Resource: totals.Resource{
			ServiceName: strings.Clone(s.ServiceName), ServiceNamespace: strings.Clone(s.ServiceNamespace), Region: strings.Clone(s.Region),
		},
		Publisher: strings.Clone(s.Publisher),
	}
}

// observation is a record, with who published it, and when it was sent, as far as it tells, and never later than now.
type observation struct {
	*audit.Event
	source source
	sent   time.Time
}

func observationOf(r totals.Resource, host string, event *audit.Event, now time.Time) observation {
	o := observation{Event: event, source: source{r, event.Notification.PublisherID}, sent: now}
	if o.source.Publisher == "" {
		o.source.Publisher = host
	}
	if !event.Time.IsZero() && event.Time.Before(now) {
		o.sent = event.Time
	}
	return o
}
