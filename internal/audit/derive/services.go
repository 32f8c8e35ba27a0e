package derive

import (
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// Services finds the services of notifications. It is safe for concurrent use.
type Services struct {
	// Names maps a publisher_id, or a name that the rules give, to the name to use.
	Names map[string]string

	known    Memo[origin, Service]
	distinct Memo[Service, Service]
}

// Service is a service that was found.
type Service struct {
	audit.Service
	// Cut reports that a notification had more of a name or host than a record holds.
	Cut bool
}

// origin is all that a service is found by.
type origin struct {
	publisherID, observerName, observerURI, lineHost string
	// targetType is the service type that the target tells. Its type URI tells no more of the service, and there are many.
	targetType string
	// incomingName is the service.name of the resource that the notification came with.
	incomingName string
	// keystone reports that the event is one of Keystone's.
	keystone bool
}

func (o *origin) size() int {
	return len(o.publisherID) + len(o.observerName) + len(o.observerURI) + len(o.lineHost) + len(o.incomingName)
}

// clone returns an origin that is no part of a message.
func (o origin) clone() origin {
	for _, text := range [...]*string{&o.publisherID, &o.observerName, &o.observerURI, &o.lineHost, &o.incomingName} {
		*text = strings.Clone(*text)
	}
	return o
}

// Of returns the service that emitted a notification, the same pointer for most notifications of one. incomingName is the service.name of
// the resource that the notification came with, empty for none.
func (s *Services) Of(n *oslo.Notification, incomingName string) *Service {
	o := origin{
		publisherID: n.PublisherID, observerName: n.Event.Observer.Name, observerURI: n.Event.Observer.TypeURI,
		incomingName: incomingName, keystone: n.FromKeystone(),
	}
	o.targetType, _, _ = serviceTypeOfURI(n.Event.Target.TypeURI)
	if n.Line != nil {
		o.lineHost = n.Line.Hostname
	}
	if found, known := s.known.Get(o); known {
		return found
	}
	if o.size() > MaxRemembered {
		found := o.resolve(s.Names)
		return &found
	}
	o = o.clone()
	found := o.resolve(s.Names)
	return s.known.Put(o, s.distinct.Put(found, &found)) // many origins are of one service
}

// IsKnown reports whether a name is the code name of one of OpenStack's services, or one of Names. Whoever publishes can make up any other.
func (s *Services) IsKnown(name string) bool {
	if typeOfName(name) != "" {
		return true
	}
	for _, configured := range s.Names {
		if name == configured {
			return true
		}
	}
	return false
}
