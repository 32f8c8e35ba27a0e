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

// Logs maps records to log records, those with a Skip left out. They are grouped by resource and scope, and keep their order within. The
// same records give the same logs, however often and in whatever batches they are mapped.
func (m *Mapper) Logs(records []Record) (plog.Logs, Stats) {
	b := batch{mapper: m, logs: plog.NewLogs(), groups: make([]group, 0, usualGroups)}
	w := writer{deriver: derive.Deriver{
		UnknownUserNames: m.config.UnknownUserNames, Texts: derive.Texts{Size: textBytes * min(len(records), textsTogether)},
	}}
	var stats Stats
	for i := range records {
		r := &records[i]
		if r.Skip != "" {
			continue
		}
		key := groupKey{service: m.serviceOf(r), incoming: r.message.Incoming, format: format(r)}
		if m.write(r, key.service, b.recordsOf(key, len(records)-i).AppendEmpty(), &w) {
			stats.Truncated++
		}
	}
	return b.logs, stats
}

// What there is room for from the start: groups in a batch, and log records in a group.
const (
	usualGroups = 8
	usualGroup  = 64
)

// The memory for the texts that are made for a record, its sentence above all, and how many records share it.
const (
	textBytes     = 192
	textsTogether = 16
)

// batch is the log records that are made together.
type batch struct {
	mapper *Mapper
	logs   plog.Logs
	groups []group
}

// group is the log records of one resource and scope.
type group struct {
	groupKey
	resource plog.ResourceLogs
	records  plog.LogRecordSlice
}

// groupKey tells groups apart.
type groupKey struct {
	service  *derive.Service
	incoming *Incoming
	format   string
}

// recordsOf returns the log records of a group, to which at most n will be added one by one.
func (b *batch) recordsOf(key groupKey, n int) plog.LogRecordSlice {
	for i := range b.groups {
		if g := &b.groups[i]; g.groupKey == key { // equal services are nearly always one
			return g.records
		}
	}
	resource, found := plog.ResourceLogs{}, false
	for i := range b.groups {
		g := &b.groups[i]
		if *g.service != *key.service || g.incoming != key.incoming {
			continue
		}
		if g.format == key.format {
			return g.records
		}
		resource, found = g.resource, true
	}
	if !found {
		resource = b.logs.ResourceLogs().AppendEmpty()
		resource.SetSchemaUrl(audit.SchemaURL)
		b.mapper.config.Resource.write(key.service, key.incoming, resource.Resource().Attributes())
	}
	scope := resource.ScopeLogs().AppendEmpty()
	scope.SetSchemaUrl(audit.SchemaURL)
	scope.Scope().SetName(ScopeName)
	scope.Scope().SetVersion(b.mapper.version)
	if key.format != "" {
		scope.Scope().Attributes().PutStr(audit.AttrEncodingFormat, key.format)
	}
	scope.LogRecords().EnsureCapacity(min(n, usualGroup))
	b.groups = append(b.groups, group{groupKey: key, resource: resource, records: scope.LogRecords()})
	return scope.LogRecords()
}

func format(r *Record) string {
	switch {
	case r.Kind == KindRaw:
		return ""
	case r.notification.Native:
		return formatNative
	case r.Kind == oslo.KindCADF:
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
