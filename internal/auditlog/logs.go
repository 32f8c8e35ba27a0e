package auditlog

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// ScopeName is the instrumentation scope of all audit log records, whichever
// component made them.
const ScopeName = "github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"

// Values of encoding.format.
const (
	formatCADF         = "openstack.cadf"
	formatNotification = "openstack.notification"
	formatNative       = "openstack.audit_log"
)

// Stats are what happened to the records of a batch.
type Stats struct {
	// Truncated is the number of records of which something was cut.
	Truncated int
}

// Logs maps records to log records, those with a Skip left out. They are grouped
// by resource and scope, and keep their order within. The same records give the
// same logs, however often and in whatever batches they are mapped.
func (m *Mapper) Logs(records []Record) (plog.Logs, Stats) {
	g := groups{
		mapper: m, logs: plog.NewLogs(), origins: map[originKey]*origin{},
		resources: map[resourceKey]plog.ResourceLogs{}, scopes: map[scopeKey]plog.ScopeLogs{},
	}
	var (
		stats Stats
		w     writer
	)
	for i := range records {
		r := &records[i]
		if r.Skip != "" {
			continue
		}
		o := g.origin(r)
		if m.write(r, o, o.records.AppendEmpty(), &w) {
			stats.Truncated++
		}
	}
	return g.logs, stats
}

// origin is what records of the same source and event type have in common.
type origin struct {
	service   service
	eventName string
	// records are those of the resource and scope that the records belong to.
	records plog.LogRecordSlice
}

// originKey is all that an origin depends on.
type originKey struct {
	publisherID, eventType, observerName, observerURI, lineHost, format string
	// targetKind is the service type that the target tells. Its type URI tells no more of the service, and there are many.
	targetKind string
	incoming   *Incoming
}

// groups holds the resources and scopes of one plog.Logs. It is made anew for
// each: what pdata hands out must not outlive its logs.
type groups struct {
	mapper    *Mapper
	logs      plog.Logs
	origins   map[originKey]*origin
	resources map[resourceKey]plog.ResourceLogs
	scopes    map[scopeKey]plog.ScopeLogs
}

func (g *groups) origin(r *Record) *origin {
	n := &r.notification
	key := originKey{
		publisherID: n.PublisherID, eventType: n.EventType, format: format(r), incoming: r.message.Incoming,
		observerName: n.Event.Observer.Name, observerURI: n.Event.Observer.TypeURI,
	}
	if kind, _, ok := serviceTypeOfURI(n.Event.Target.TypeURI); ok {
		key.targetKind = kind
	}
	if n.Line != nil {
		key.lineHost = n.Line.Hostname
	}
	if o, known := g.origins[key]; known {
		return o
	}
	o := &origin{
		service:   g.mapper.config.Resource.resolveService(n, r.message.Incoming.serviceName()),
		eventName: eventName(n.EventType),
	}
	o.records = g.scope(r, o.service).LogRecords()
	g.origins[key] = o
	return o
}

func (i *Incoming) serviceName() string {
	if i == nil {
		return ""
	}
	return textOf(i.Resource.Attributes(), AttrServiceName)
}

type resourceKey struct {
	service  service
	incoming *Incoming
}

type scopeKey struct {
	resource resourceKey
	format   string
}

func (g *groups) scope(r *Record, s service) plog.ScopeLogs {
	key := scopeKey{resource: resourceKey{service: s, incoming: r.message.Incoming}, format: format(r)}
	if sl, ok := g.scopes[key]; ok {
		return sl
	}
	rl, ok := g.resources[key.resource]
	if !ok {
		rl = g.logs.ResourceLogs().AppendEmpty()
		rl.SetSchemaUrl(semconv.SchemaURL)
		g.mapper.config.Resource.write(&s, r.message.Incoming, rl.Resource().Attributes())
		g.resources[key.resource] = rl
	}
	sl := rl.ScopeLogs().AppendEmpty()
	sl.SetSchemaUrl(semconv.SchemaURL)
	sl.Scope().SetName(ScopeName)
	sl.Scope().SetVersion(g.mapper.version)
	if key.format != "" {
		sl.Scope().Attributes().PutStr(AttrEncodingFormat, key.format)
	}
	g.scopes[key] = sl
	return sl
}

func format(r *Record) string {
	switch {
	case r.Kind == KindRaw:
		return ""
	case r.notification.Native:
		return formatNative
	case r.notification.Kind == oslo.KindCADF:
		return formatCADF
	default:
		return formatNotification
	}
}

// write fills in the resource: the service that emitted the notification, on top
// of what another receiver knew.
func (c *ResourceConfig) write(s *service, incoming *Incoming, attributes pcommon.Map) {
	if incoming != nil {
		incoming.Resource.Attributes().CopyTo(attributes)
	}
	for _, a := range [...]struct{ key, value string }{
		{AttrServiceName, s.name},
		{AttrServiceNamespace, c.ServiceNamespace},
		{AttrHostName, s.host},
		{AttrOpenStackServiceType, s.kind},
		{AttrCloudProvider, "openstack"},
		{AttrCloudRegion, c.Region},
	} {
		if a.value != "" {
			attributes.PutStr(a.key, a.value)
		}
	}
}

// writeObserved sets the observed time: that of the receipt or, so that a message
// which comes twice gives the same record twice, that of the notification.
func (m *Mapper) writeObserved(r *Record, lr plog.LogRecord) {
	observed := r.message.Received
	if m.config.ObservedTime == ObservedTimeNotification {
		if sent, ok := parseTime(r.notification.Timestamp); ok {
			observed = sent
		} else if lr.Timestamp() != 0 {
			observed = lr.Timestamp().AsTime()
		}
	}
	if !observed.IsZero() {
		lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(observed))
	}
}
