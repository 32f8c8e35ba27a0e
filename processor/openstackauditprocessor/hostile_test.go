package openstackauditprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo/hostiletest"
)

// What journals and shippers bring: the true event if there is one, and the reason for what is none.
func TestHostileRecords(t *testing.T) {
	for _, tc := range hostiletest.Records(t) {
		t.Run(tc.Name, func(t *testing.T) {
			h := newHarness(t, nil)
			logs := logsOf(t, tc.Body)
			_, lr := first(t, logs)
			require.NoError(t, lr.Attributes().FromRaw(tc.Attributes))
			event, reason := foundIn(t, h.consume(t, logs))
			assert.Equal(t, tc.Event, event)
			assert.Equal(t, tc.Reason, reason)
		})
	}
}

// foundIn returns the id of the audit event among records, and the reason for which another record is none.
func foundIn(t *testing.T, logs plog.Logs) (event, reason string) {
	t.Helper()
	for _, r := range auditlogtest.Lines(logs) {
		if why, ok := r.Attributes[audit.AttrNotificationDecodeError]; ok {
			assert.Empty(t, reason, "one raw record")
			reason = why.(string)
			assert.NotContains(t, r.Attributes, audit.AttrAuditAction)
			assert.Empty(t, r.EventName)
			continue
		}
		assert.Empty(t, event, "one event")
		event, _ = r.Attributes[audit.AttrEventID].(string)
	}
	return event, reason
}

// What is typed, in each form: the audit records are those of the events that happened. All else is unmatched or kept raw.
func TestNothingTypedHasAnAction(t *testing.T) {
	const each = 4 // texts at a place: all of them are somewhere
	h := newHarness(t, nil)
	texts := hostiletest.Texts(t)
	for i, form := range hostiletest.Forms() {
		var bodies []any
		want := 0
		for j, place := range hostiletest.Places() {
			if !form.Has(place) || form.Names && place.Summary != nil {
				continue
			}
			for k := range each {
				bodies = append(bodies, form.Record(place, texts[((i+j)*each+k)%len(texts)].Text))
				if place.Event {
					want++
				}
			}
		}
		events := 0
		for lr := range audit.Records(h.consume(t, logsOf(t, bodies...))) {
			if _, ok := lr.Attributes().Get(audit.AttrAuditAction); ok {
				events++
				id, _ := lr.Attributes().Get(audit.AttrEventID)
				assert.Equal(t, hostiletest.EventID, id.Str(), form.Name)
			} else {
				_, raw := lr.Attributes().Get(audit.AttrNotificationDecodeError)
				assert.True(t, raw)
			}
		}
		assert.Equal(t, want, events, form.Name)
	}
}
