package auditlog

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// source is all that a service is found by.
type source struct {
	publisherID, observerName, observerURI, lineHost string
	// targetKind is the service type that the target tells. Its type URI tells no more of the service, and there are many.
	targetKind string
	// incomingName is the service.name of the resource that the notification came with.
	incomingName string
	// identity says that the event is one of Keystone's.
	identity bool
}

func sourceOf(r *Record) source {
	n := &r.notification
	s := source{
		publisherID: n.PublisherID, observerName: n.Event.Observer.Name, observerURI: n.Event.Observer.TypeURI,
		incomingName: r.message.Incoming.serviceName(), identity: strings.HasPrefix(n.EventType, "identity."),
	}
	s.targetKind, _, _ = serviceTypeOfURI(n.Event.Target.TypeURI)
	if n.Line != nil {
		s.lineHost = n.Line.Hostname
	}
	return s
}

func (i *Incoming) serviceName() string {
	if i == nil {
		return ""
	}
	return textOf(i.Resource.Attributes(), audit.AttrServiceName)
}

func (s source) size() int {
	return len(s.publisherID) + len(s.observerName) + len(s.observerURI) + len(s.lineHost) + len(s.incomingName)
}

// clone returns a source that is no part of a message.
func (s source) clone() source {
	for _, text := range [...]*string{&s.publisherID, &s.observerName, &s.observerURI, &s.lineHost, &s.incomingName} {
		*text = strings.Clone(*text)
	}
	return s
}

// memo remembers the results of a function. It is safe for concurrent use. The sources and event types of a cloud are few, and
// to find a service or an event name takes as long as half a record.
type memo[K comparable, V any] struct {
	known sync.Map // K to *V
	count atomic.Int64
}

// What is remembered at most, as those who publish choose what they send.
const (
	maxRemembered      = 2048
	maxRememberedBytes = 512 // of one key
)

func (m *memo[K, V]) get(key K) (*V, bool) {
	value, known := m.known.Load(key)
	if !known {
		return nil, false
	}
	return value.(*V), true
}

// put remembers a value, and returns the one that all use: another may have been faster.
func (m *memo[K, V]) put(key K, value *V) *V {
	if m.count.Add(1) > maxRemembered {
		m.known.Clear()
		m.count.Store(1)
	}
	used, _ := m.known.LoadOrStore(key, value)
	return used.(*V)
}

func (m *Mapper) serviceOf(r *Record) *service {
	key := sourceOf(r)
	if s, known := m.services.get(key); known {
		return s
	}
	if key.size() > maxRememberedBytes {
		s := m.config.Resource.resolveService(&key)
		return &s
	}
	key = key.clone()
	s := m.config.Resource.resolveService(&key)
	return m.services.put(key, m.distinct.put(s, &s)) // many sources are of one service
}

// KnownService is the record's service.name where that is the code name of one of OpenStack's services, or one of the configuration's
// names; else it is empty. Whoever publishes can make up any other.
func (m *Mapper) KnownService(r *Record) string {
	name := m.serviceOf(r).name
	if kindOfName(name) != "" {
		return name
	}
	for _, configured := range m.config.Resource.ServiceNames {
		if name == configured {
			return name
		}
	}
	return ""
}

func (m *Mapper) eventNameOf(eventType string) string {
	if name, known := m.eventNames.get(eventType); known {
		return *name
	}
	name := eventName(eventType)
	if len(eventType) <= maxRememberedBytes {
		m.eventNames.put(strings.Clone(eventType), &name)
	}
	return name
}
