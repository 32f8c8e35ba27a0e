package auditlog_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

func TestOutcomeAndErrorType(t *testing.T) {
	const user = `"initiator":{"user_id":"u","username":"bob"}`
	for _, test := range []struct {
		name, eventType, members, outcome string
		errorType                         any
	}{
		{"success", "identity.user.created", `"outcome":"success"`, "success", nil},
		{"pending", "audit.http.request", `"outcome":"pending"`, "pending", nil},
		{"failed", "identity.user.created", `"outcome":"failed"`, "failure", "_OTHER"},
		{"attempt", "identity.user.created", `"outcome":"attempt"`, "pending", nil},
		{"attempted", "identity.user.created", `"outcome":"attempted"`, "pending", nil},
		{"the service raised an exception through the middleware", "audit.http.response", `"outcome":"unknown"`, "failure", "status_unknown"},
		{"unknown, with a reason", "audit.http.response", `"outcome":"unknown","reason":{"reasonType":"HTTP","reasonCode":"418"}`, "unknown", "418"},
		{"unknown", "identity.user.created", `"outcome":"unknown"`, "unknown", "_OTHER"},
		{"other value", "identity.user.created", `"outcome":"denied"`, "unknown", "_OTHER"},
		{"none", "identity.user.created", `"action":"created.user"`, "unknown", "_OTHER"},
		{"object", "identity.user.created", `"outcome":{"a":1}`, "unknown", "_OTHER"},
		{"success with code 400 is a failure", "identity.user.updated", `"outcome":"success","reason":{"reasonType":"x","reasonCode":"400"}`, "failure", "400"},
		{"success with code 400, a number", "identity.user.updated", `"outcome":"success","reason":{"reasonCode":400}`, "failure", "400"},
		{"success with code 201", "audit.http.response", `"outcome":"success","reason":{"reasonType":"HTTP","reasonCode":"201"}`, "success", nil},
		{"success with a code of no status", "identity.user.updated", `"outcome":"success","reason":{"reasonCode":"4000"}`, "success", nil},
		{"HTTP failure", "audit.http.response", `"outcome":"failure","reason":{"reasonType":"HTTP","reasonCode":"403"}`, "failure", "403"},
		{"code of no number", "audit.http.response", `"outcome":"failure","reason":{"reasonType":"HTTP","reasonCode":"no"}`, "failure", "_OTHER"},

		{"unknown user", "identity.authenticate", `"outcome":"failure","reason":{"reasonType":"Could not find user: eve.","reasonCode":"404"}`, "failure", "user_not_found"},
		{"locked", "identity.authenticate", user + `,"outcome":"failure","reason":{"reasonType":"The account is locked for user: u.","reasonCode":"401"}`, "failure", "account_locked"},
		{"disabled", "identity.authenticate", user + `,"outcome":"failure","reason":{"reasonType":"The account is disabled for user: u."}`, "failure", "account_disabled"},
		{"expired", "identity.authenticate", user + `,"outcome":"failure","reason":{"reasonType":"The password is expired and needs to be changed for user: u."}`, "failure", "password_expired"},
		{"weak", "identity.user.updated", `"outcome":"success","reason":{"reasonType":"The password does not match the requirements: 7.","reasonCode":"400"}`, "failure", "password_requirements"},
		{"used before", "identity.user.updated", `"outcome":"success","reason":{"reasonType":"The new password cannot be identical to a previous password.","reasonCode":"400"}`, "failure", "password_history"},
		{"too early", "identity.user.updated", `"outcome":"success","reason":{"reasonType":"You cannot change your password at this time due to the minimum password age.","reasonCode":"400"}`, "failure", "password_min_age"},
		{"change not allowed", "identity.user.updated", `"outcome":"success","reason":{"reasonType":"You cannot change your password at this time due to password policy disallowing it.","reasonCode":"400"}`, "failure", "password_change_disabled"},
		{"a name that holds a message", "identity.authenticate", `"outcome":"failure","reason":{"reasonType":"No such thing: The account is locked","reasonCode":"404"}`, "failure", "404"},

		{"wrong password", "identity.authenticate", user + `,"outcome":"failure"`, "failure", "invalid_credentials"},
		{"wrong password, reported hash", "identity.authenticate", `"outcome":"failure","attachments":[{"name":"partial_password_hash","content":"ab"}]`, "failure", "invalid_credentials"},
		{"the store of users is away", "identity.authenticate", `"initiator":{"user_id":"u"},"outcome":"failure"`, "failure", "_OTHER"},
		{"federation", "identity.authenticate", `"initiator":{"user_id":"u","username":"n","credential":{"type":"saml"}},"outcome":"failure"`, "failure", "_OTHER"},
		{"another failure of a known user", "identity.user.deleted", user + `,"outcome":"failure"`, "failure", "_OTHER"},
	} {
		t.Run(test.name, func(t *testing.T) {
			line := byDefault(t, notification(test.eventType, event(test.members)))
			want{audit.AttrAuditOutcome: test.outcome, audit.AttrErrorType: test.errorType}.check(t, line)
		})
	}
}

// The outcome and the code as they came are there where the derived ones differ.
func TestRawOutcomeAndReason(t *testing.T) {
	line := byDefault(t, notification("identity.user.updated", event(`"outcome":"success","reason":{"reasonType":"too bad","reasonCode":"400","policyType":"pt","policyId":"pi"}`)))
	want{
		audit.AttrOutcome: "success", audit.AttrReasonCode: "400", audit.AttrReasonType: "too bad", audit.AttrHTTPStatusCode: nil,
		audit.AttrReasonPolicyType: "pt", audit.AttrReasonPolicyID: "pi",
	}.check(t, line)
	line = byDefault(t, notification("audit.http.response", event(`"outcome":"success","reason":{"reasonType":"HTTP","reasonCode":"200"}`)))
	want{audit.AttrOutcome: nil, audit.AttrReasonCode: nil, audit.AttrReasonType: nil, audit.AttrHTTPStatusCode: int64(200)}.check(t, line)
	line = byDefault(t, notification("audit.http.response", event(`"outcome":"success","reason":{"reasonType":"HTTP","reasonCode":"999"}`)))
	want{audit.AttrReasonCode: "999", audit.AttrReasonType: "HTTP", audit.AttrHTTPStatusCode: nil}.check(t, line)
}

func TestActionAndCategory(t *testing.T) {
	for _, test := range []struct{ eventType, action, want, category string }{
		{"identity.authenticate", "authenticate", "authenticate", "authentication"},
		{"identity.user.created", "created.user", "create", "iam"},
		{"identity.user.updated", "updated.user", "update", "iam"},
		{"identity.user.deleted", "deleted.user", "delete", "iam"},
		{"identity.user.disabled", "disabled.user", "disable", "iam"},
		{"identity.user.frobnicated", "frobnicated.user", "other", "iam"},
		{"identity.user.renew", "renew.user", "renew", "iam"},
		{"identity.role_assignment.created", "created.role_assignment", "assign", "iam"},
		{"identity.role_assignment.deleted", "deleted.role_assignment", "revoke", "iam"},
		{"identity.created.role_assignment", "created.role_assignment", "assign", "iam"},
		{"identity.deleted.role_assignment", "deleted.role_assignment", "revoke", "iam"},
		{"identity.region.created", "created.region", "create", "configuration"},
		{"identity.endpoint.updated", "updated.endpoint", "update", "configuration"},
		{"identity.service.deleted", "deleted.service", "delete", "configuration"},
		{"identity.policy.created", "created.policy", "create", "configuration"},
		{"identity.limit.created", "created.limit", "create", "configuration"},
		{"identity.project tag.created", "created.project tag", "create", "iam"},
		{"identity.OS-TRUST:trust.created", "created.OS-TRUST:trust", "create", "iam"},
		{"audit.http.request", "read", "read", "resource"},
		{"audit.http.request", "read/list", "list", "resource"},
		{"audit.http.request", "read/list/details", "list", "resource"},
		{"audit.http.request", "read/listing", "read", "resource"},
		{"audit.http.request", "update/os-stop", "update", "resource"},
		{"audit.cadf", "stop", "stop", "resource"},
		{"audit.cadf", "add/floatingip", "other", "resource"},
		{"audit.cadf", "unknown", "other", "resource"},
		{"audit.cadf", "authenticate/login", "authenticate", "authentication"},
		{"audit.cadf", "", "other", "resource"},
	} {
		t.Run(test.eventType+" "+test.action, func(t *testing.T) {
			line := byDefault(t, notification(test.eventType, event(fmt.Sprintf(`"action":%q,"outcome":"success"`, test.action))))
			want{audit.AttrAuditAction: test.want, audit.AttrAuditCategory: test.category}.check(t, line)
		})
	}
}

func TestRawActionOnlyWhereItSaysMore(t *testing.T) {
	for _, test := range []struct {
		eventType, action string
		raw               any
	}{
		{"identity.user.created", "created.user", nil},
		{"identity.OS-TRUST:trust.created", "created.OS-TRUST:trust", nil},
		{"identity.created.role_assignment", "created.role_assignment", "created.role_assignment"},
		{"audit.http.request", "read", nil},
		{"audit.http.request", "read/list", "read/list"},
	} {
		line := byDefault(t, notification(test.eventType, event(fmt.Sprintf(`"action":%q,"outcome":"success"`, test.action))))
		want{audit.AttrAction: test.raw}.check(t, line)
	}
}

func TestSeverity(t *testing.T) {
	failure := `"outcome":"failure","reason":{"reasonType":"HTTP","reasonCode":"404"}`
	broken := `"outcome":"failure","reason":{"reasonType":"HTTP","reasonCode":"503"}`
	for _, test := range []struct {
		priority, eventType, outcome string
		warn, info, err              plog.SeverityNumber // by severity_of_failure
	}{
		{"DEBUG", "audit.cadf", `"outcome":"success"`, 5, 5, 5},
		{"INFO", "audit.cadf", `"outcome":"success"`, 9, 9, 9},
		{"SAMPLE", "audit.cadf", `"outcome":"success"`, 9, 9, 9},
		{"AUDIT", "audit.cadf", `"outcome":"pending"`, 10, 10, 10},
		{"WARN", "audit.cadf", `"outcome":"success"`, 13, 13, 13},
		{"WARNING", "audit.cadf", `"outcome":"success"`, 13, 13, 13},
		{"error", "audit.cadf", `"outcome":"success"`, 17, 17, 17},
		{"CRITICAL", "audit.cadf", `"outcome":"success"`, 21, 21, 21},
		{"", "audit.cadf", `"outcome":"success"`, 9, 9, 9},
		{"INFO", "audit.cadf", failure, 13, 9, 17},
		{"INFO", "audit.cadf", broken, 17, 9, 17},
		{"CRITICAL", "audit.cadf", failure, 21, 21, 21},
		{"INFO", "identity.user.created", `"outcome":"failure"`, 13, 9, 17},
		{"INFO", "audit.cadf", `"outcome":"unknown"`, 17, 17, 17},
		{"INFO", "identity.user.created", `"outcome":"unknown"`, 13, 13, 13},
	} {
		for option, want := range map[auditlog.FailureSeverity]plog.SeverityNumber{"warn": test.warn, "info": test.info, "error": test.err} {
			t.Run(fmt.Sprintf("%s %s %s %s", test.priority, test.eventType, test.outcome, option), func(t *testing.T) {
				config := configured(func(c *auditlog.Config) { c.SeverityOfFailure = option })
				line := one(t, config, fmt.Sprintf(`{"event_type":%q,"priority":%q,"payload":%s}`, test.eventType, test.priority, event(test.outcome)))
				require.EqualValues(t, want, line.Severity)
				require.Equal(t, test.priority, line.Text)
			})
		}
	}
}
