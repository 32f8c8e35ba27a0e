package auditlog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// thing is what was acted on, or took part.
type thing struct{ Type, ID, Name string }

// fact is what was really done, and what the message of it holds.
type fact struct {
	MessageID  string `json:"message_id"`
	EventType  string `json:"event_type"`
	Did        string
	HTTP       string
	HTTPStatus int `json:"http_status"`
	Outcome    string
	Target     thing
	Assignment *struct {
		Role, User, Group, Project, Domain thing
		Inherited                          bool `json:"inherited_to_projects"`
	}
	MessageHas struct {
		UserID        string `json:"user_id"`
		UserName      string `json:"user_name"`
		FederatedUser string `json:"federated_user"`
		ClientAddress string `json:"client_address"`
		RequestID     string `json:"request_id"`
	} `json:"message_has"`
}

// otherOutcomes are the outcomes that no single message tells as they were.
var otherOutcomes = []struct{ eventType, did, outcome, why string }{
	{"audit.http.request", "", audit.OutcomePending, "sent before the request was served"},
	{"identity.authenticate", "failed sign in: right password, no role on the project", audit.OutcomeSuccess,
		"the password was right; that the token was refused is in no message"},
	{"identity.authenticate", "change own password: too weak", audit.OutcomeSuccess,
		"the old password was right; the change itself is another message"},
	{"identity.authenticate", "change own password: same as before", audit.OutcomeSuccess,
		"the old password was right; the change itself is another message"},
	{"audit.cadf", "delete a server, the service breaks", audit.OutcomeUnknown, "the application raised: work may have been done before"},
}

func (f *fact) outcome() string {
	for _, o := range otherOutcomes {
		if o.eventType == f.EventType && (o.did == "" || o.did == f.Did) {
			return o.outcome
		}
	}
	return f.Outcome
}

func TestFacts(t *testing.T) {
	for _, test := range []struct {
		expected string
		captures []string
	}{
		{"amqp-keystone-messagingv2", []string{"amqp-keystone-messagingv2"}},
		{"amqp-audit-middleware", []string{"amqp-audit-middleware", "amqp-audit-middleware-sapcc"}},
	} {
		t.Run(test.expected, func(t *testing.T) {
			config := configured(func(c *auditlog.Config) { c.OtherNotifications = auditlog.Keep })
			records := map[any]auditlogtest.Line{}
			for _, capture := range test.captures {
				for _, line := range mapAll(t, config, readCapture(t, capture)) {
					records[line.Attributes[audit.AttrRecordUID]] = line
				}
			}
			facts := fixtures.Expected[struct{ Messages []fact }](t, test.expected).Messages
			require.NotEmpty(t, facts)
			for i := range facts {
				line, ok := records[facts[i].MessageID]
				require.True(t, ok, facts[i].MessageID)
				facts[i].check(t, line)
			}
		})
	}
}

func (f *fact) check(t *testing.T, line auditlogtest.Line) {
	t.Helper()
	is := func(key string, value any) {
		t.Helper()
		require.Equal(t, value, line.Attributes[key], "%s of %s, %s", key, f.MessageID, f.Did)
	}
	text := func(key, value string) {
		t.Helper()
		if value != "" && value != "unknown" {
			is(key, value)
		} else {
			require.NotContains(t, line.Attributes, key, "%s of %s, %s", key, f.MessageID, f.Did)
		}
	}
	is(audit.AttrNotificationEventType, f.EventType)
	if !strings.HasPrefix(f.EventType, "identity.") && !strings.HasPrefix(f.EventType, "audit.") {
		return // Glance's own notifications
	}
	is(audit.AttrAuditOutcome, f.outcome())
	if has := f.MessageHas; has.FederatedUser != "" {
		text(audit.AttrUserID, has.FederatedUser)
	} else {
		text(audit.AttrUserID, has.UserID)
		text(audit.AttrUserName, has.UserName)
	}
	text(audit.AttrClientAddress, f.MessageHas.ClientAddress)
	text(audit.AttrRequestID, f.MessageHas.RequestID)
	switch {
	case strings.HasPrefix(f.EventType, "audit."):
		_, path, _ := strings.Cut(f.HTTP, " ")
		path, _, _ = strings.Cut(path, "?")
		is(audit.AttrURLPath, path)
		raised := f.Did == "delete a server, the service breaks" // then the middleware sees no status
		if f.EventType != "audit.http.request" && !raised {
			is(audit.AttrHTTPStatusCode, int64(f.HTTPStatus))
		}
	case f.EventType == "identity.authenticate":
		require.NotContains(t, line.Attributes, audit.AttrTargetID)
	case f.Assignment != nil:
		is(audit.AttrTargetType, "role_assignment")
		text(audit.AttrTargetRoleID, f.Assignment.Role.ID)
		text(audit.AttrTargetUserID, f.Assignment.User.ID)
		text(audit.AttrTargetGroupID, f.Assignment.Group.ID)
		text(audit.AttrTargetProjectID, f.Assignment.Project.ID)
		text(audit.AttrTargetDomainID, f.Assignment.Domain.ID)
		is(audit.AttrRoleAssignmentInherited, f.Assignment.Inherited)
	case f.Target.ID != "":
		is(audit.AttrTargetID, f.Target.ID)
		kind := f.Target.Type[strings.LastIndexByte(f.Target.Type, ':')+1:]
		is(audit.AttrTargetType, strings.ReplaceAll(kind, " ", "_"))
	}
}
