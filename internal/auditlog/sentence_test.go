package auditlog_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/sentence"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// The table of sentences, row by row: with an actor and without, for each outcome.
func TestSentences(t *testing.T) {
	type row struct {
		Name      string
		EventType string          `json:"event_type"`
		Event     json.RawMessage // the members that differ
		// What alice did, asked for and tried, and the same where nobody is named.
		Success, Pending, Failed string
		Passive                  string
		PassivePending           string `json:"passive_pending"`
		PassiveFailed            string `json:"passive_failed"`
	}
	for _, test := range fixtures.Rows[row](t, "sentences.jsonl") {
		t.Run(test.Name, func(t *testing.T) {
			members := string(test.Event[1 : len(test.Event)-1])
			for _, each := range []struct{ outcome, active, passive string }{
				{"success", test.Success, test.Passive},
				{"pending", test.Pending, test.PassivePending},
				{"failure", test.Failed, test.PassiveFailed},
				{"unknown", test.Failed, test.PassiveFailed},
			} {
				tail := each.outcome
				switch {
				case tail == "unknown" && test.EventType == "audit.http.response": // raised through the middleware
					tail = "failure (status_unknown)"
				case tail == "failure" || tail == "unknown":
					tail += " (_OTHER)"
				}
				outcome := members + `,"outcome":"` + each.outcome + `"`
				body := event(outcome + `,"initiator":{"id":"u9","name":"alice","project_id":"p1","host":{"address":"192.0.2.7"}}`)
				require.Equal(t, each.active+" from 192.0.2.7: "+tail, byDefault(t, notification(test.EventType, body)).Body)
				require.Equal(t, each.passive+": "+tail, byDefault(t, notification(test.EventType, event(outcome))).Body)
			}
		})
	}
}

// The body is rendered again once names are known, from the record alone.
func TestSentenceOfARecord(t *testing.T) {
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	body := notification("identity.role_assignment.created", event(`"action":"x","outcome":"success","initiator":{"user_id":"u1",`+
		`"project_id":"p1"},"role":"r1","user":"u2","project":"p2"`))
	logs, _ := mapper.Logs([]auditlog.Record{mapper.Read(auditlog.Message{Body: []byte(body)})})
	resource := logs.ResourceLogs().At(0).Resource().Attributes()
	record := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	require.Equal(t, record.Body().Str(), auditlogtest.Sentence(resource, record))
	for key, name := range map[string]string{
		audit.AttrUserName: "alice", audit.AttrUserDomainName: "Default", audit.AttrTargetRoleName: "member", audit.AttrTargetUserName: "bob",
		audit.AttrTargetUserDomainName: "corp", audit.AttrTargetProjectName: "demo", audit.AttrTargetProjectDomainName: "Default",
	} {
		record.Attributes().PutStr(key, name)
	}
	require.Equal(t, "alice granted role member to user bob (corp) on project demo: success", auditlogtest.Sentence(resource, record))
	for _, kind := range []string{"user", "project"} {
		record.Attributes().PutStr(audit.AttrAuditAction, "update")
		record.Attributes().PutStr(audit.AttrTargetType, kind)
		require.Contains(t, auditlogtest.Sentence(resource, record), map[string]string{"user": "updated user bob (corp)",
			"project": "updated project demo"}[kind])
	}
	require.Empty(t, auditlogtest.Sentence(pcommon.NewMap(), plog.NewLogRecord()))
}

// Every summary is recognised as one, and nothing else is.
func TestHasSentence(t *testing.T) {
	captures := fixtures.Names(t, "notifications", ".jsonl")
	for _, body := range []auditlog.BodyMode{auditlog.BodySummary, auditlog.BodyOriginal, auditlog.BodyNone} {
		mapper := auditlog.NewMapper(configured(func(c *auditlog.Config) { c.Body = body }), "")
		for _, capture := range captures {
			var records []auditlog.Record
			for _, message := range readCapture(t, capture) {
				records = append(records, mapper.Read(message))
			}
			logs, _ := mapper.Logs(records)
			for lr := range audit.Records(logs) {
				require.Equal(t, body == auditlog.BodySummary, endsAsSentence(lr), lr.Body().AsString())
			}
		}
	}
}

func endsAsSentence(record plog.LogRecord) bool {
	var e audit.Event
	e.Read(record)
	return sentence.Ends(record.Body().AsString(), &e)
}

// The words of a path are typed as well, and could be those of a sentence.
func TestPathWordsAreNoSentence(t *testing.T) {
	for _, test := range []struct{ path, want string }{
		{"/v2.1/application_credentials/42", "application credential 42 was read: success"},
		{"/v2.1/server_web_was_deleted_by_bobs/42", "server_web_was_deleted_by_bob 42 was read: success"},
		{"/v2.1/servers/42/login_of_admin", "the login_of_admin of server 42 was read: success"},
		{"/v2.1/bob_deleted_servers/42", "bob_deleted_server 42 was read: success"},
	} {
		line := byDefault(t, notification("audit.http.response", event(`"action":"read","outcome":"success","requestPath":"`+test.path+`"`)))
		require.Equal(t, test.want, line.Body)
	}
	path := "/AUTH_x/" + strings.Repeat("x", 300)
	line := byDefault(t, notification("audit.http.response", event(`"action":"read","outcome":"success","requestPath":"`+path+`"`)))
	require.Equal(t, path[:256]+`… at "unknown_service:uwsgi" was read: success`, line.Body)
}
