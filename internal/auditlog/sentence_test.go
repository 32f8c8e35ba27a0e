package auditlog_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// The table of sentences, row by row: with an actor and without, for each outcome.
func TestSentences(t *testing.T) {
	for _, test := range []struct {
		name, eventType, members               string
		success, pending, failed               string // alice …
		passive, passivePending, passiveFailed string
	}{
		{
			"target by id", "identity.trust.created", `"action":"created.trust","target":{"id":"t1"}`,
			"alice created trust t1 in project p1", "alice asked to create trust t1 in project p1", "alice tried to create trust t1 in project p1",
			"trust t1 was created", "request to create trust t1", "attempt to create trust t1",
		},
		{
			"target by name, the project is not the target's place", "identity.project.deleted", `"action":"deleted.project","target":{"id":"t1","name":"web"}`,
			"alice deleted project web", "alice asked to delete project web", "alice tried to delete project web",
			"project web was deleted", "request to delete project web", "attempt to delete project web",
		},
		{
			"type of two words", "identity.application_credential.created", `"action":"x","target":{"id":"t1"}`,
			"alice created application credential t1 in project p1", "alice asked to create application credential t1 in project p1", "alice tried to create application credential t1 in project p1",
			"application credential t1 was created", "request to create application credential t1", "attempt to create application credential t1",
		},
		{
			"no target", "audit.http.response", `"action":"create","requestPath":"/v2/images"`,
			"alice created an image in project p1", "alice asked to create an image in project p1", "alice tried to create an image in project p1",
			"an image was created", "request to create an image", "attempt to create an image",
		},
		{
			"list", "audit.http.response", `"action":"read/list","requestPath":"/v2/policies"`,
			"alice listed policies", "alice asked to list policies", "alice tried to list policies",
			"policies were listed", "request to list policies", "attempt to list policies",
		},
		{
			"list of a part", "audit.http.response", `"action":"read/list","requestPath":"/v2/images/` + uuidID + `/members"`,
			"alice listed members of image " + uuidID + " in project p1", "alice asked to list members of image " + uuidID + " in project p1", "alice tried to list members of image " + uuidID + " in project p1",
			"members of image " + uuidID + " were listed", "request to list members of image " + uuidID, "attempt to list members of image " + uuidID,
		},
		{
			"part", "audit.http.response", `"action":"read","requestPath":"/v1/secrets/` + uuidID + `/payload"`,
			"alice read the payload of secret " + uuidID + " in project p1", "alice asked to read the payload of secret " + uuidID + " in project p1", "alice tried to read the payload of secret " + uuidID + " in project p1",
			"the payload of secret " + uuidID + " was read", "request to read the payload of secret " + uuidID, "attempt to read the payload of secret " + uuidID,
		},
		{
			"creation of a part", "audit.http.response", `"action":"create","requestPath":"/v2/images/` + uuidID + `/members"`,
			"alice created a member of image " + uuidID + " in project p1", "alice asked to create a member of image " + uuidID + " in project p1", "alice tried to create a member of image " + uuidID + " in project p1",
			"a member of image " + uuidID + " was created", "request to create a member of image " + uuidID, "attempt to create a member of image " + uuidID,
		},
		{
			"sub-action", "audit.http.response", `"action":"update/reboot","requestPath":"/v2.1/servers/` + uuidID + `/action"`,
			"alice rebooted server " + uuidID + " in project p1", "alice asked to reboot server " + uuidID + " in project p1", "alice tried to reboot server " + uuidID + " in project p1",
			"server " + uuidID + " was rebooted", "request to reboot server " + uuidID, "attempt to reboot server " + uuidID,
		},
		{
			"action of no list", "audit.cadf", `"action":"add/floatingip","target":{"typeURI":"compute/server","id":"s1"}`,
			"alice performed add/floatingip on server s1 in project p1", "alice asked to perform add/floatingip on server s1 in project p1", "alice tried to perform add/floatingip on server s1 in project p1",
			"add/floatingip was performed on server s1", "request to perform add/floatingip on server s1", "attempt to perform add/floatingip on server s1",
		},
		{
			"operation of no list", "identity.user.frobnicated", `"action":"frobnicated.user","target":{"id":"u1"}`,
			"alice performed frobnicated on user u1 in project p1", "alice asked to perform frobnicated on user u1 in project p1", "alice tried to perform frobnicated on user u1 in project p1",
			"frobnicated was performed on user u1", "request to perform frobnicated on user u1", "attempt to perform frobnicated on user u1",
		},
		{
			"type unknown", "audit.http.response", `"action":"read","requestPath":"/AUTH_x/c","observer":{"id":"target","name":"swift"}`,
			"alice read /AUTH_x/c at swift in project p1", "alice asked to read /AUTH_x/c at swift in project p1", "alice tried to read /AUTH_x/c at swift in project p1",
			"/AUTH_x/c at swift was read", "request to read /AUTH_x/c at swift", "attempt to read /AUTH_x/c at swift",
		},
		{
			"version alone", "audit.http.response", `"action":"read","requestPath":"/v2.1/","observer":{"id":"target","name":"nova"}`,
			"alice read the nova API in project p1", "alice asked to read the nova API in project p1", "alice tried to read the nova API in project p1",
			"the nova API was read", "request to read the nova API", "attempt to read the nova API",
		},
		{
			"grant", "identity.role_assignment.created", `"action":"x","role":"r1","user":"u1","project":"p2","inherited_to_projects":false`,
			"alice granted role r1 to user u1 on project p2", "alice asked to grant role r1 to user u1 on project p2", "alice tried to grant role r1 to user u1 on project p2",
			"role r1 was granted to user u1 on project p2", "request to grant role r1 to user u1 on project p2", "attempt to grant role r1 to user u1 on project p2",
		},
		{
			"revocation", "identity.role_assignment.deleted", `"action":"x","role":"r1","group":"g1","domain":"d1","inherited_to_projects":true`,
			"alice revoked role r1 from group g1 on domain d1 (inherited)", "alice asked to revoke role r1 from group g1 on domain d1 (inherited)", "alice tried to revoke role r1 from group g1 on domain d1 (inherited)",
			"role r1 was revoked from group g1 on domain d1 (inherited)", "request to revoke role r1 from group g1 on domain d1 (inherited)", "attempt to revoke role r1 from group g1 on domain d1 (inherited)",
		},
		{
			"grant of nothing known", "identity.role_assignment.created", `"action":"x"`,
			"alice granted a role", "alice asked to grant a role", "alice tried to grant a role",
			"a role was granted", "request to grant a role", "attempt to grant a role",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for outcome, want := range map[string][2]string{
				"success": {test.success, test.passive},
				"pending": {test.pending, test.passivePending},
				"failure": {test.failed, test.passiveFailed},
				"unknown": {test.failed, test.passiveFailed},
			} {
				tail := outcome
				switch {
				case outcome == "unknown" && test.eventType == "audit.http.response": // raised through the middleware
					tail = "failure (status_unknown)"
				case outcome == "failure" || outcome == "unknown":
					tail += " (_OTHER)"
				}
				body := event(test.members + `,"outcome":"` + outcome + `","initiator":{"id":"u9","name":"alice","project_id":"p1","host":{"address":"192.0.2.7"}}`)
				require.Equal(t, want[0]+" from 192.0.2.7: "+tail, byDefault(t, notification(test.eventType, body)).Body)
				body = event(test.members + `,"outcome":"` + outcome + `"`)
				require.Equal(t, want[1]+": "+tail, byDefault(t, notification(test.eventType, body)).Body)
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
	return notification(eventType, event(fmt.Sprintf(`"action":%q,"outcome":"success","requestPath":%q,"initiator":{"name":"bob"},"observer":{"id":"o","name":"nova"},`+
		`"target":{"typeURI":%q,"id":%q}`, action, path, typeURI, uuidID)))
}

func TestSentencesOfTheirOwn(t *testing.T) {
	for body, want := range map[string]string{
		notification("identity.authenticate", event(`"action":"authenticate","outcome":"success"`)):                                                                                                                                                          "login: success",
		notification("identity.authenticate", event(`"action":"authenticate","outcome":"success","initiator":{"user_id":"u1","credential":{"identity_provider":"acme"},"host":{"address":"2001:db8::42"}}`)):                                                 "login of u1 via acme from 2001:db8::42: success",
		notification("identity.authenticate", event(`"action":"authenticate","outcome":"failure","initiator":{"user_name":"eve","project_id":"p","host":{"address":"203.0.113.9"}},"reason":{"reasonType":"Could not find user: eve.","reasonCode":"404"}`)): "login of eve from 203.0.113.9: failure (user_not_found)",
		notification("identity.group.updated", `{"resource_info":"g1","actor_id":"u1","actor_type":"user","actor_operation":"added"}`):                                                                                                                       "user u1 was added to group g1: success",
		notification("identity.group.updated", `{"resource_info":"g1","actor_id":"u1","actor_type":"user","actor_operation":"removed"}`):                                                                                                                     "user u1 was removed from group g1: success",
		notification("audit.http.response", event(`"action":"update","outcome":"success","requestPath":"/v2/images/`+uuidID+`/tags"`)):                                                                                                                       "the tags of image " + uuidID + " were updated: success",
		notification("audit.http.response", event(`"action":"update","outcome":"success","requestPath":"/v2/images/`+uuidID+`/tags/red"`)):                                                                                                                   "tag red was added to image " + uuidID + ": success",
		notification("audit.http.response", event(`"action":"read","outcome":"success","requestPath":"/v1/secrets"`)):                                                                                                                                        "the secrets were read: success",
		notification("identity.user.", `{"resource_info":"u1"}`):                                                                                                                                                                                             "an unknown action was performed on user u1: success",
		request("unknown", "/v2.1/servers/"+uuidID, ""):                                 "bob performed an unknown action on server " + uuidID + ": success",
		request("create", "/v2.1/servers/"+uuidID+"/action", ""):                        "bob performed an unknown action on server " + uuidID + ": success",
		request("update/add", "/v2.0/routers/"+uuidID+"/add_router_interface", ""):      "bob added an interface to router " + uuidID + ": success",
		request("update/failover", "/v2/lbaas/loadbalancers/"+uuidID+"/failover", ""):   "bob failed over load balancer " + uuidID + ": success",
		request("start/reboot", "/v2.1/os-hosts/"+uuidID+"/reboot", ""):                 "bob rebooted host " + uuidID + ": success",
		request("update/rotate", "/v1/clusters/"+uuidID+"/keys/action", ""):             "bob rotated the keys of cluster " + uuidID + ": success",
		request("read/list", "/v2/images/"+uuidID+"/file", ""):                          "bob downloaded the data of image " + uuidID + ": success",
		request("read/list", "/v1.0/instances/"+uuidID+"/users/eve/databases", ""):      "bob listed databases of user eve of instance " + uuidID + ": success",
		request("read/list", "/v2.1/os-hypervisors/statistics", ""):                     "bob listed statistics of the hypervisors: success",
		request("create", "/v2.1/servers/"+uuidID+"/metadata", ""):                      "bob created the metadata of server " + uuidID + ": success",
		request("delete", "/v1.0/instances/"+uuidID+"/users/eve", ""):                   "bob deleted user eve of instance " + uuidID + ": success",
		request("disable", "/v2.1/os-services/disable", ""):                             "bob disabled a compute service: success",
		request("read/get", "/v1/secrets/"+uuidID+"/payload", "compute/secret"):         "bob read the payload of secret " + uuidID + ": success",
		request("delete/unset", "/v2/images/"+uuidID+"/tags/red", "compute/image/tags"): "bob removed tag red from image " + uuidID + ": success",
		request("delete/forced", "/v2.1/servers/"+uuidID+"/action", "compute/server"):   "bob performed delete/forced on server " + uuidID + ": success",
		request("restore", "/v3/backups/"+uuidID+"/restore", "compute/backup"):          "bob restored backup " + uuidID + ": success",
		notification("identity.group.updated", `{"actor_operation":"added"}`):           "a member was added: success",
		notification("identity.user.updated", event(`"action":"updated.user","outcome":"success","initiator":{"user_id":"u1","username":"bob"},"target":{"id":"u1"},"reason":{"reasonType":"The password does not match the requirements: x","reasonCode":"400"}`)): "bob tried to change the password of user u1: failure (password_requirements)",
		notification("identity.trust.created", event(`"outcome":"success","initiator":{"user_id":"u1","domain_id":"d1"},"target":{"id":"t1"}`)):                                                                                                                     "u1 created trust t1 in domain d1: success",
		notification("audit.cadf", event(`"action":"backup","outcome":"success","initiator":{"name":"bob"},"target":{"typeURI":"compute/server","id":"s1"}`)):                                                                                                       "bob backed up server s1: success",
		notification("audit.cadf", event(`"action":"send","outcome":"success","target":{"typeURI":"compute/server","id":"s1"}`)):                                                                                                                                    "server s1 was sent: success",
		notification("audit.cadf", event(`"action":"stop","outcome":"success","target":{"typeURI":"compute/server","id":"s1"}`)):                                                                                                                                    "server s1 was stopped: success",
		notification("audit.cadf", event(`"action":"deny","outcome":"success","target":{"typeURI":"compute/server","id":"s1"}`)):                                                                                                                                    "server s1 was denied: success",
		notification("audit.cadf", event(`"action":"notify","outcome":"success","target":{"typeURI":"compute/server","id":"s1"}`)):                                                                                                                                  "server s1 was notified: success",
		notification("audit.cadf", event(`"action":"revoke","outcome":"success","target":{"typeURI":"compute/server","id":"s1"}`)):                                                                                                                                  "server s1 was revoked: success",
		notification("audit.cadf", event(`"outcome":"success","initiator":{"name":"bob","domain":"corp","project_id":"p","project_name":"demo","project_domain_name":"corp"},"target":{"typeURI":"compute/server","name":"web"},"action":"start"`)):                 "bob (corp) started server web in project demo (corp): success",
		notification("audit.cadf", event(`"action":"read/list","outcome":"success","target":{"typeURI":"compute/boxes"}`)):                                                                                                                                          "boxes were listed: success",
		notification("audit.cadf", event(`"action":"read/list","outcome":"success","target":{"typeURI":"compute/statuses"}`)):                                                                                                                                       "statuses were listed: success",
		notification("audit.cadf", event(`"action":"read/list","outcome":"success","target":{"typeURI":"compute/address"}`)):                                                                                                                                        "addresses were listed: success",
		notification("audit.cadf", event(`"action":"read/list","outcome":"success","target":{"typeURI":"compute/keys"}`)):                                                                                                                                           "keys were listed: success",
		notification("audit.cadf", event(`"action":"read/list","outcome":"success","target":{"typeURI":"compute/status"}`)):                                                                                                                                         "statuses were listed: success",
	} {
		require.Equal(t, want, byDefault(t, body).Body)
	}
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
		// Verbs at the end of a path, and what only looks like one.
		{"update", "/v2.0/subnetpools/" + uuidID + "/add_prefixes", "update", "added prefixes to subnet pool " + uuidID},
		{"update", "/v2.0/x/" + uuidID + "/remove_owner", "update", "removed an owner from x " + uuidID},
		{"update", "/v2.0/ports/" + uuidID + "/bindings/h/activate", "update", "activated binding h of port " + uuidID},
		{"update", "/v2.0/x/" + uuidID + "/add_root_by_bob", "update", "updated the add_root_by_bob of x " + uuidID},
		{"update/add_owner", "/v2.1/servers/" + uuidID + "/action", "update", `performed "add owner" on server ` + uuidID}, // typed by the user
		{"update", "/v2/shares/manage", "create", "took over a share"},
		{"delete", "/v1/nodes/" + uuidID + "/maintenance", "delete", "cleared the maintenance flag of node " + uuidID},
		// What is of a project has the project's id.
		{"update", "/v2.1/os-quota-sets/" + hexID2, "update", "updated the quotas of project " + hexID2},
		{"read", "/v2.1/os-quota-sets/" + hexID2 + "/defaults", "read", "read the default quotas of project " + hexID2},
		{"update", "/v1/quotas/" + hexID2 + "/Cluster", "update", "updated the Cluster quotas of project " + hexID2},
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
	body := notification("identity.role_assignment.created", event(`"action":"x","outcome":"success","initiator":{"user_id":"u1","project_id":"p1"},"role":"r1","user":"u2","project":"p2"`))
	logs, _ := mapper.Logs([]auditlog.Record{mapper.Read(auditlog.Message{Body: []byte(body)})})
	resource := logs.ResourceLogs().At(0).Resource().Attributes()
	record := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	require.Equal(t, record.Body().Str(), auditlog.Sentence(resource, record))
	for key, name := range map[string]string{
		audit.AttrUserName: "alice", audit.AttrUserDomainName: "Default", audit.AttrTargetRoleName: "member", audit.AttrTargetUserName: "bob",
		audit.AttrTargetUserDomainName: "corp", audit.AttrTargetProjectName: "demo", audit.AttrTargetProjectDomainName: "Default",
	} {
		record.Attributes().PutStr(key, name)
	}
	require.Equal(t, "alice granted role member to user bob (corp) on project demo: success", auditlog.Sentence(resource, record))
	for _, kind := range []string{"user", "project"} {
		record.Attributes().PutStr(audit.AttrAuditAction, "update")
		record.Attributes().PutStr(audit.AttrTargetType, kind)
		require.Contains(t, auditlog.Sentence(resource, record), map[string]string{"user": "updated user bob (corp)", "project": "updated project demo"}[kind])
	}
	require.Empty(t, auditlog.Sentence(pcommon.NewMap(), plog.NewLogRecord()))
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
						require.Equal(t, body == auditlog.BodySummary, auditlog.HasSentence(lr), lr.Body().AsString())
					}
				}
			}
		}
	}
}
