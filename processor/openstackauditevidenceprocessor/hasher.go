package openstackauditevidenceprocessor

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// hasher makes the entries of a batch of records.
type hasher struct {
	form  *canonical.Form
	batch evidence.Batch
}

// hash fills the batch. With embed it adds the canonical text to each record, of which it is no part itself.
func (h *hasher) hash(logs plog.Logs, embed bool) {
	h.batch.Reset()
	for _, resource := range logs.ResourceLogs().All() {
		service := audit.Text(resource.Resource().Attributes(), audit.AttrServiceName)
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				h.form.Record(resource.Resource(), scope.Scope(), record)
				sum, canonicalText := h.form.Hash()
				if embed {
					record.Attributes().PutStr(canonical.EmbedAttribute, string(canonicalText))
				}
				at := record.Timestamp()
				if at == 0 {
					at = record.ObservedTimestamp()
				}
				h.batch.Add(&evidence.Entry{
					EventName: record.EventName(), Hash: sum, Service: service, Time: uint64(at),
					UID: audit.Text(record.Attributes(), audit.AttrRecordUID),
				})
			}
		}
	}
}
