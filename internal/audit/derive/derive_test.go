package derive_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// What an event says is not always how it ended.
func TestOutcome(t *testing.T) {
	named := cadf.Initiator{Resource: cadf.Resource{Name: "bob"}, UserID: "b"}
	for _, test := range []struct {
		name, eventType    string
		event              cadf.Event
		outcome, errorType string
	}{
		{"success", "identity.user.created", cadf.Event{Outcome: "success"}, "success", ""},
		{"password that the policy rejects", "identity.user.updated",
			cadf.Event{Outcome: "success", Reason: cadf.Reason{Code: "400", Type: "The password does not match the requirements: x"}},
			"failure", audit.ErrorPasswordRequirements},
		{"wrong password, for which there is no reason", "identity.authenticate",
			cadf.Event{Outcome: "failure", HasInitiator: true, Initiator: named}, "failure", audit.ErrorInvalidCredentials},
		{"unknown user, in whatever language", "identity.authenticate",
			cadf.Event{Outcome: "failure", Initiator: cadf.Initiator{SubmittedName: "eve"}, Reason: cadf.Reason{Type: "Benutzer nicht gefunden"}},
			"failure", audit.ErrorUserNotFound},
		{"service that raised", derive.HTTPResponse, cadf.Event{Outcome: "unknown"}, "failure", audit.ErrorStatusUnknown},
		{"request", derive.HTTPRequest, cadf.Event{Outcome: "pending"}, "pending", ""},
		{"status", derive.HTTPResponse, cadf.Event{Outcome: "failure", Reason: cadf.Reason{Code: "403", Type: "HTTP"}}, "failure", "403"},
		{"word of nobody's", "identity.user.created", cadf.Event{Outcome: "maybe"}, "unknown", audit.ErrorOther},
	} {
		t.Run(test.name, func(t *testing.T) {
			var e audit.Event
			n := oslo.Notification{Kind: oslo.KindCADF, EventType: test.eventType, Event: test.event}
			(&derive.Deriver{}).Derive(&e, derive.Source{Notification: &n, Service: &audit.Service{Name: "keystone"}})
			require.Equal(t, []string{test.outcome, test.errorType}, []string{e.Outcome, e.ErrorType})
		})
	}
}
