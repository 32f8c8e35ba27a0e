package auditlog

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
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
	return m.Join([]Part{m.Part(records)})
}

// Part is the log records of a part of a batch, in groups of a resource and scope. It belongs to whoever made it, until Join.
type Part struct {
	groups []group
	stats  Stats
}

// group is the log records of one resource and scope.
type group struct {
	scopeKey
	records plog.LogRecordSlice
}

// scopeKey tells groups apart.
type scopeKey struct {
	service  *derive.Service
	incoming *Incoming
	format   string
}

func (k *scopeKey) equals(other *scopeKey) bool {
	return *k.service == *other.service && k.incoming == other.incoming && k.format == other.format
}

// Part maps consecutive records of a batch, for Join. The parts of a batch may be made at the same time.
func (m *Mapper) Part(records []Record) Part {
	p := Part{groups: make([]group, 0, min(len(records), usualGroups))}
	w := writer{deriver: derive.Deriver{
		UnknownUserNames: m.config.UnknownUserNames, Texts: derive.Texts{Size: textBytes * min(len(records), textsTogether)},
	}}
	for i := range records {
		r := &records[i]
		if r.Skip != "" {
			continue
		}
		key := scopeKey{service: m.serviceOf(r), incoming: r.message.Incoming, format: format(r)}
		if m.write(r, key.service, p.recordsOf(key, len(records)-i).AppendEmpty(), &w) {
			p.stats.Truncated++
		}
	}
	return p
}

// What there is room for from the start: groups in a part, and log records in a group.
const (
	usualGroups = 8
	usualGroup  = 16
)

// The memory for the texts that are made for a record, its sentence above all, and how many records share it.
const (
	textBytes     = 192
	textsTogether = 16
)

// recordsOf returns the log records of a group, to which at most n will be added one by one.
func (p *Part) recordsOf(key scopeKey, n int) plog.LogRecordSlice {
	for i := range p.groups {
		if g := &p.groups[i]; g.scopeKey == key { // equal services are nearly always one
			return g.records
		}
	}
	for i := range p.groups {
		if g := &p.groups[i]; g.equals(&key) {
			return g.records
		}
	}
	records := plog.NewLogRecordSlice()
	records.EnsureCapacity(min(n, usualGroup))
	p.groups = append(p.groups, group{scopeKey: key, records: records})
	return records
}

// Join makes logs of the consecutive parts of a batch: those that Logs makes of the whole of it. It takes the log records out of
// the parts.
func (m *Mapper) Join(parts []Part) (plog.Logs, Stats) {
	if len(parts) == 0 {
		return plog.NewLogs(), Stats{}
	}
	whole := parts[0]
	for _, p := range parts[1:] {
		whole.stats.Truncated += p.stats.Truncated
		for _, g := range p.groups {
			g.records.MoveAndAppendTo(whole.recordsOf(g.scopeKey, 0))
		}
	}
	logs := plog.NewLogs()
	logs.ResourceLogs().EnsureCapacity(len(whole.groups))
	resources := map[resourceKey]plog.ResourceLogs{}
	for _, g := range whole.groups {
		key := resourceKey{service: *g.service, incoming: g.incoming}
		rl, ok := resources[key]
		if !ok {
			rl = logs.ResourceLogs().AppendEmpty()
			rl.SetSchemaUrl(audit.SchemaURL)
			m.config.Resource.write(g.service, g.incoming, rl.Resource().Attributes())
			resources[key] = rl
		}
		sl := rl.ScopeLogs().AppendEmpty()
		sl.SetSchemaUrl(audit.SchemaURL)
		sl.Scope().SetName(ScopeName)
		sl.Scope().SetVersion(m.version)
		if g.format != "" {
			sl.Scope().Attributes().PutStr(audit.AttrEncodingFormat, g.format)
		}
		g.records.MoveAndAppendTo(sl.LogRecords())
	}
	return logs, whole.stats
}

// resourceKey tells resources apart.
type resourceKey struct {
	service  derive.Service
	incoming *Incoming
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
func (c *ResourceConfig) write(s *derive.Service, incoming *Incoming, attributes pcommon.Map) {
	if incoming != nil {
		incoming.Resource.Attributes().CopyTo(attributes)
	}
	own := [...]struct{ key, value string }{
		{audit.AttrServiceName, s.Name},
		{audit.AttrServiceNamespace, c.ServiceNamespace},
		{audit.AttrHostName, s.Host},
		{audit.AttrOpenStackServiceType, s.Type},
		{audit.AttrCloudProvider, "openstack"},
		{audit.AttrCloudRegion, c.Region},
	}
	attributes.EnsureCapacity(attributes.Len() + len(own))
	for _, a := range own {
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
		if !r.sent.IsZero() {
			observed = r.sent
		} else if lr.Timestamp() != 0 {
			observed = lr.Timestamp().AsTime()
		}
	}
	if !observed.IsZero() {
		lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(observed))
	}
}
