package auditlog_test

import (
	"encoding/json"
	"fmt"
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

// request is what an audit middleware sends for a request: openstack-audit-middleware, whose type URI says what uuidID is,
// or without one keystonemiddleware.
func request(action, path, typeURI string) string {
	eventType := "audit.cadf"
	if typeURI == "" {
		eventType, typeURI = "audit.http.response", "service/compute"
	}
	return notification(eventType, event(fmt.Sprintf(`"action":%q,"outcome":"success","requestPath":%q,"initiator":{"name":"bob"},`+
		`"observer":{"id":"o","name":"nova"},`+
		`"target":{"typeURI":%q,"id":%q}`, action, path, typeURI, uuidID)))
}

func TestSentencesOfTheirOwn(t *testing.T) {
	for _, test := range []struct{ action, path, typeURI, want string }{
		{"unknown", "/v2.1/servers/" + uuidID, "", "bob performed an unknown action on server " + uuidID + ": success"},
		{"create", "/v2.1/servers/" + uuidID + "/action", "", "bob performed an unknown action on server " + uuidID + ": success"},
		{"update/add", "/v2.0/routers/" + uuidID + "/add_router_interface", "", "bob added an interface to router " + uuidID + ": success"},
		{"update/failover", "/v2/lbaas/loadbalancers/" + uuidID + "/failover", "", "bob failed over load balancer " + uuidID + ": success"},
		{"start/reboot", "/v2.1/os-hosts/" + uuidID + "/reboot", "", "bob rebooted host " + uuidID + ": success"},
		{"update/rotate", "/v1/clusters/" + uuidID + "/keys/action", "", "bob rotated the keys of cluster " + uuidID + ": success"},
		{"read/list", "/v2/images/" + uuidID + "/file", "", "bob downloaded the data of image " + uuidID + ": success"},
		{"read/list", "/v1.0/instances/" + uuidID + "/users/eve/databases", "",
			"bob listed databases of user eve of instance " + uuidID + ": success"},
		{"read/list", "/v2.1/os-hypervisors/statistics", "", "bob listed statistics of the hypervisors: success"},
		{"create", "/v2.1/servers/" + uuidID + "/metadata", "", "bob created the metadata of server " + uuidID + ": success"},
		{"delete", "/v1.0/instances/" + uuidID + "/users/eve", "", "bob deleted user eve of instance " + uuidID + ": success"},
		{"disable", "/v2.1/os-services/disable", "", "bob disabled a compute service: success"},
		{"read/get", "/v1/secrets/" + uuidID + "/payload", "compute/secret", "bob read the payload of secret " + uuidID + ": success"},
		{"delete/unset", "/v2/images/" + uuidID + "/tags/red", "compute/image/tags", "bob removed tag red from image " + uuidID + ": success"},
		{"delete/forced", "/v2.1/servers/" + uuidID + "/action", "compute/server",
			"bob performed delete/forced on server " + uuidID + ": success"},
		{"restore", "/v3/backups/" + uuidID + "/restore", "compute/backup", "bob restored backup " + uuidID + ": success"},
	} {
		require.Equal(t, test.want, byDefault(t, request(test.action, test.path, test.typeURI)).Body)
	}
}

// Nothing was done: the client has to ask elsewhere.
func TestSentenceOfARedirection(t *testing.T) {
	line := byDefault(t, notification("audit.http.response", event(`"action":"delete","outcome":"success","requestPath":"/v1/stacks/web",`+
		`"initiator":{"name":"bob"},"reason":{"reasonType":"HTTP","reasonCode":"302"}`)))
	require.Equal(t, "bob asked to delete stack web: success", line.Body)
}

// What administrators ask the services for, where method and path alone would be misread.
func TestSentencesOfAdministration(t *testing.T) {
	for _, test := range []struct{ action, path, wantAction, want string }{
		// What is only put to a resource, or taken from it, lives on.
		{"create", "/v2.0/agents/" + uuidID + "/dhcp-networks", "create", "added a DHCP network to agent " + uuidID},
		{"delete", "/v2.0/agents/" + uuidID + "/l3-routers/" + uuidID, "delete", "removed L3 router " + uuidID + " from agent " + uuidID},
		{"delete", "/v1/containers/" + uuidID + "/secrets", "delete", "removed a secret from container " + uuidID},
		{"delete", "/v1/secrets/" + uuidID, "delete", "deleted secret " + uuidID},
		{"update", "/v2/images/" + uuidID + "/tags/add_x", "update", "added tag add_x to image " + uuidID},
		{"update", "/v2.1/servers/" + uuidID + "/tags", "update", "updated the tags of server " + uuidID},
		{"delete", "/v2/stores/fast/" + uuidID, "delete", "deleted image " + uuidID + " of store fast"},
		{"delete", "/v2.1/servers/" + uuidID + "/os-interface/" + uuidID + "/tags/red", "delete",
			"removed tag red from interface " + uuidID + " of server " + uuidID},
		// An update of a collection was a POST, unless the audit map knows the word, or it is set as a whole.
		{"update", "/v2/share-networks/" + uuidID + "/subnets", "create", "created a subnet of share network " + uuidID},
		{"update", "/v3/types/" + uuidID + "/extra_specs", "update", "updated the extra specs of type " + uuidID},
		{"update", "/v2/pools/" + uuidID + "/members", "update", "updated the members of pool " + uuidID},
		// Verbs at the end of a path, and what only looks like one.
		{"update", "/v2.0/subnetpools/" + uuidID + "/add_prefixes", "update", "added prefixes to subnet pool " + uuidID},
		{"update", "/v2.0/x/" + uuidID + "/remove_owner", "update", "removed an owner from x " + uuidID},
		{"update", "/v2.0/ports/" + uuidID + "/bindings/h/activate", "update", "activated binding h of port " + uuidID},
		{"update", "/v2.0/x/" + uuidID + "/add_root_by_bob", "update", "updated the add_root_by_bob of x " + uuidID},
		{"update/add_owner", "/v2.1/servers/" + uuidID + "/action", "update", `performed "add owner" on server ` + uuidID}, // typed by the user
		{"update", "/v2/shares/manage", "create", "took over a share"},
		{"delete", "/v1/nodes/" + uuidID + "/maintenance", "delete", "cleared the maintenance flag of node " + uuidID},
		{"read", "/v2.1/os-hosts/c1/reboot", "start", "rebooted host c1"},
		{"stop/shutdown", "/v2.1/os-hosts/c1/shutdown", "stop", "shut down host c1"},
		// What is of a project has the project's id.
		{"update", "/v2.1/os-quota-sets/" + hexID, "update", "updated the quotas of project " + hexID},
		{"read", "/v2.1/os-quota-sets/" + hexID + "/defaults", "read", "read the default quotas of project " + hexID},
		{"update", "/v1/quotas/" + hexID + "/Cluster", "update", "updated the Cluster quotas of project " + hexID},
		// What heads collections names nothing.
		{"create", "/v2/metadefs/namespaces", "create", "created a namespace"},
		{"read", "/v2/schemas/metadefs/namespace", "read", "read schema namespace"},
		{"read", "/v3/scheduler-stats/get_pools", "read", "read the pools"},
		{"read", "/v3/os-volume-transfer", "read", "read the volume transfers"},
	} {
		line := byDefault(t, request(test.action, test.path, ""))
		require.Equal(t, "bob "+test.want+": success", line.Body)
		require.Equal(t, test.wantAction, line.Attributes[audit.AttrAuditAction], test.path)
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
			for _, rl := range logs.ResourceLogs().All() {
				for _, sl := range rl.ScopeLogs().All() {
					for _, lr := range sl.LogRecords().All() {
						require.Equal(t, body == auditlog.BodySummary, endsAsSentence(lr), lr.Body().AsString())
					}
				}
			}
		}
	}
}

func endsAsSentence(record plog.LogRecord) bool {
	var e audit.Event
	e.Read(record)
	return sentence.Ends(record.Body().AsString(), &e)
}
