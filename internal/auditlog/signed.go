package auditlog

import (
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// signed writes how an event was numbered and signed, if it was.
func (w *writer) signed(n *oslo.Notification) {
	w.text(audit.AttrSignature, n.Verdict)
	if n.Sequence != nil {
		w.integer(audit.AttrSequenceNumber, n.Sequence.Number)
		w.text(audit.AttrSequenceSession, n.Sequence.Session)
	}
}
