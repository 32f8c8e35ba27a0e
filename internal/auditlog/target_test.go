package auditlog_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

func TestIdentityTarget(t *testing.T) {
	for _, test := range []struct {
		name, eventType, members string
		want                     want
	}{
		{"user", "identity.user.created", `"target":{"id":"` + hexID + `"},"resource_info":"` + hexID + `"`,
			want{audit.AttrTargetType: "user", audit.AttrTargetID: hexID, audit.AttrTargetUserID: hexID, audit.AttrCADFTargetID: nil}},
		{"group", "identity.group.updated", `"target":{"id":"` + hexID + `"}`, want{audit.AttrTargetID: hexID, audit.AttrTargetGroupID: hexID}},
		{"project", "identity.project.updated", `"target":{"id":"` + hexID + `"}`, want{audit.AttrTargetProjectID: hexID}},
		{"domain", "identity.domain.updated", `"target":{"id":"` + hexID + `"}`, want{audit.AttrTargetDomainID: hexID}},
		{"role", "identity.role.updated", `"target":{"id":"` + hexID + `"}`, want{audit.AttrTargetRoleID: hexID}},
		{"LDAP user", "identity.user.updated", `"target":{"id":"` + ldapID + `"},"resource_info":"` + ldapID + `"`, want{audit.AttrTargetUserID: ldapID}},
		{"EC2 credential", "identity.credential.created", `"target":{"id":"` + ldapID + `","typeURI":"unknown"},"resource_info":"` + ldapID + `"`,
			want{audit.AttrTargetType: "credential", audit.AttrTargetID: ldapID, audit.AttrCADFTargetTypeURI: "unknown"}},
		{"project tag", "identity.project tag.created", `"target":{"id":"red","typeURI":"unknown"},"resource_info":"red"`,
			want{audit.AttrTargetType: "project_tag", audit.AttrTargetID: "red"}},
		{"a tag called unknown", "identity.project tag.created", `"target":{"id":"unknown"},"resource_info":"unknown"`, want{audit.AttrTargetID: "unknown"}},
		{"trust", "identity.OS-TRUST:trust.created", `"target":{"id":"` + hexID + `"}`, want{audit.AttrTargetType: "trust", audit.AttrTargetID: hexID}},
		{"consumer", "identity.OS-OAUTH1:consumer.updated", `"target":{"id":"` + hexID + `"}`, want{audit.AttrTargetType: "consumer"}},
		{"request token", "identity.OS-OAUTH1:request_token.created", `"target":{"id":"` + hexID + `"}`, want{audit.AttrTargetType: "request_token"}},
		{"region", "identity.region.created", `"target":{"id":"RegionTwo"}`, want{audit.AttrTargetType: "region", audit.AttrTargetID: "RegionTwo"}},
		{"made-up id", "identity.user.created", `"target":{"id":"` + uuidID + `"}`, want{audit.AttrTargetID: nil, audit.AttrCADFTargetID: uuidID}},
		{"named", "identity.user.created", `"target":{"id":"` + hexID + `","name":"bob"}`, want{audit.AttrTargetName: "bob", audit.AttrCADFTargetName: nil}},
		{"authenticate has none", "identity.authenticate", `"target":{"id":"` + uuidID + `","typeURI":"service/security/account/user"}`,
			want{audit.AttrTargetType: nil, audit.AttrTargetID: nil, audit.AttrCADFTargetID: uuidID, audit.AttrCADFTargetTypeURI: nil}},
		{"role assignment", "identity.role_assignment.created", `"target":{"id":"` + uuidID + `"},"role":"r","user":"u","project":"p","inherited_to_projects":false`,
			want{audit.AttrTargetType: "role_assignment", audit.AttrTargetID: nil, audit.AttrTargetRoleID: "r", audit.AttrTargetUserID: "u",
				audit.AttrTargetProjectID: "p", audit.AttrRoleAssignmentInherited: false}},
		{"role assignment of Juno, as of the documentation", "identity.created.role_assignment", `"role":"r","group":"g","domain":"d","inherited_to_project":true`,
			want{audit.AttrTargetType: "role_assignment", audit.AttrTargetGroupID: "g", audit.AttrTargetDomainID: "d", audit.AttrRoleAssignmentInherited: true}},
		{"inherited that is no boolean", "identity.role_assignment.created", `"inherited_to_projects":"maybe"`,
			want{audit.AttrRoleAssignmentInherited: nil, "openstack.notification.extra.inherited_to_projects": "maybe"}},
		{"resource_info where it means nothing", "identity.authenticate", `"resource_info":"x"`, want{"openstack.notification.extra.resource_info": "x"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.want.check(t, byDefault(t, notification(test.eventType, event(`"action":"x","outcome":"success",`+test.members))))
		})
	}
}

func TestBasicTarget(t *testing.T) {
	for _, test := range []struct {
		payload string
		want    want
	}{
		{`{"resource_info":"g","actor_id":"u","actor_type":"user","actor_operation":"added"}`,
			want{audit.AttrAuditAction: "add_member", audit.AttrTargetGroupID: "g", audit.AttrTargetUserID: "u", audit.AttrTargetID: "g"}},
		{`{"resource_info":"g","actor_id":"u","actor_type":"user","actor_operation":"removed"}`, want{audit.AttrAuditAction: "remove_member"}},
		{`{"resource_info":"x","actor_id":"g2","actor_type":"group"}`, want{audit.AttrAuditAction: "update", audit.AttrTargetGroupID: "g2"}},
		{`{"resource_info":"x","actor_id":"i","actor_type":"robot","actor_operation":"moved"}`,
			want{audit.AttrAuditAction: "update", "openstack.notification.extra.actor_id": "i", "openstack.notification.extra.actor_type": "robot",
				"openstack.notification.extra.actor_operation": "moved"}},
		{`{"resource_info":{"id":"x"}}`, want{audit.AttrTargetID: nil, "openstack.notification.extra.resource_info": `{"id":"x"}`}},
		{`{}`, want{audit.AttrTargetID: nil, audit.AttrAuditOutcome: "success", audit.AttrRequestID: nil}},
		{`{"resource_info":7,"request_id":"req-1","global_request_id":"req-2"}`,
			want{audit.AttrTargetID: "7", audit.AttrRequestID: "req-1", audit.AttrRequestGlobalID: "req-2"}},
	} {
		test.want.check(t, byDefault(t, notification("identity.group.updated", test.payload)))
	}
}

// openstack-audit-middleware names the target itself.
func TestResourceTarget(t *testing.T) {
	const observer = `"observer":{"id":"o","name":"nova","typeURI":"service/compute"},`
	for _, test := range []struct {
		name, target string
		want         want
	}{
		{"server", `{"typeURI":"compute/server","id":"` + uuidID + `","name":"web-01","project_id":"p","domain_id":"d"}`,
			want{audit.AttrTargetType: "server", audit.AttrTargetID: uuidID, audit.AttrTargetName: "web-01", audit.AttrTargetProjectID: "p",
				audit.AttrTargetDomainID: "d", audit.AttrCADFTargetID: nil, audit.AttrCADFTargetName: nil, audit.AttrCADFTargetTypeURI: "compute/server"}},
		{"collection", `{"typeURI":"compute/servers","id":"o","name":"nova"}`,
			want{audit.AttrTargetType: "server", audit.AttrTargetID: nil, audit.AttrTargetName: nil, audit.AttrCADFTargetID: nil}},
		{"undeclared", `{"typeURI":"compute/Xfoo","id":"1"}`, want{audit.AttrTargetType: "foo", audit.AttrTargetID: "1"}},
		{"decimal id", `{"typeURI":"compute/aggregate","id":"00000000-0000-0000-0000-000000000007"}`,
			want{audit.AttrTargetID: "7", audit.AttrCADFTargetID: "00000000-0000-0000-0000-000000000007"}},
		{"large decimal id", `{"typeURI":"compute/aggregate","id":"00000000-0000-0000-ffff-ffffffffffff"}`, want{audit.AttrTargetID: "18446744073709551615"}},
		{"like a decimal id", `{"typeURI":"compute/aggregate","id":"00000000-0000-0001-0000-000000000007"}`,
			want{audit.AttrTargetID: "00000000-0000-0001-0000-000000000007"}},
		{"doubled prefix", `{"typeURI":"service/data/security/keymanager/secret","id":"1"}`, want{audit.AttrTargetType: "secret"}},
		{"deep", `{"typeURI":"network/load-balancer/os-health-monitors","id":"1"}`, want{audit.AttrTargetType: "health_monitor"}},
		{"service alone", `{"typeURI":"compute","id":"1"}`, want{audit.AttrTargetType: nil}},
		{"unknown", `{"typeURI":"unknown","id":"unknown","name":"unknown"}`,
			want{audit.AttrTargetType: nil, audit.AttrTargetID: nil, audit.AttrTargetName: nil, audit.AttrCADFTargetTypeURI: "unknown"}},
		{"prefix is no whole segment", `{"typeURI":"computer/server","id":"1"}`, want{audit.AttrTargetType: nil, audit.AttrTargetID: "1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.want.check(t, byDefault(t, notification("audit.cadf", event(observer+`"action":"read","outcome":"success","target":`+test.target))))
		})
	}
	for _, test := range []struct {
		name, path, target string
		want               want
		sentence           string // of a read
	}{
		{"part of a server", "/v2.1/servers/" + uuidID + "/os-server-password", `{"typeURI":"compute/server/server-password","id":"` + uuidID + `"}`,
			want{audit.AttrTargetType: "server", audit.AttrTargetID: uuidID}, "the server password of server " + uuidID},
		{"part with a name", "/v2.1/servers/" + uuidID + "/tags", `{"typeURI":"compute/server/tag","id":"` + uuidID + `","name":"prod"}`,
			want{audit.AttrTargetType: "server", audit.AttrTargetName: nil, audit.AttrCADFTargetName: "prod"}, "the tags of server " + uuidID},
		{"element of a part", "/v2.1/servers/" + hexID + "/tags", `{"typeURI":"compute/server/tag","id":"` + uuidID + `"}`,
			want{audit.AttrTargetType: "tag", audit.AttrTargetID: uuidID}, "tag " + uuidID},
		{"type of the map's own", "/v2.1/os-quota-sets/" + hexID, `{"typeURI":"compute/quota","id":"` + hexID + `"}`,
			want{audit.AttrTargetType: "quota", audit.AttrTargetID: hexID}, "the quotas of project " + hexID},
		{"type cut short", "/v2.0/rbac-policies/" + uuidID, `{"typeURI":"network/rbac-policie","id":"` + uuidID + `"}`,
			want{audit.AttrTargetType: "rbac_policy"}, "RBAC policy " + uuidID},
		{"type made up", "/v2.1/flavors/1/os-extra_specs", `{"typeURI":"compute/Xavor","id":"00000000-0000-0000-0000-000000000001"}`,
			want{audit.AttrTargetType: "flavor", audit.AttrTargetID: "1"}, "the extra specs of flavor 1"},
		{"type made up of an account", "/v1/AUTH_x/photos", `{"typeURI":"storage/object/XAUTH-x","id":"o","name":"nova"}`,
			want{audit.AttrTargetType: nil, audit.AttrTargetID: nil}, "/v1/AUTH_x/photos at nova"},
		{"type made up of nothing", "/v2.1/", `{"typeURI":"compute/unknown","id":"o"}`, want{audit.AttrTargetType: nil}, "the nova API"},
		{"collection, and more", "/v2.1/os-keypairs/kp", `{"typeURI":"compute/keypairs","id":"o"}`,
			want{audit.AttrTargetType: "keypair", audit.AttrTargetID: "kp"}, "keypair kp"},
		{"collection of one", "/v2.1/limits", `{"typeURI":"compute/limits","id":"o"}`, want{audit.AttrTargetType: "limit"}, "the limits"},
	} {
		t.Run(test.name, func(t *testing.T) {
			line := byDefault(t, notification("audit.cadf", event(fmt.Sprintf(`%s"action":"read","outcome":"success","requestPath":%q,"initiator":{"id":"u"},"target":%s`,
				observer, test.path, test.target))))
			test.want.check(t, line)
			require.Equal(t, "u read "+test.sentence+": success", line.Body)
		})
	}
	own := byDefault(t, notification("audit.cadf", event(`"action":"delete","outcome":"success","observer":{"typeURI":"service/docker-registry","name":"keppel"},`+
		`"target":{"typeURI":"docker-registry/account/repository/manifest","id":"m1"}`)))
	want{audit.AttrTargetType: "manifest", audit.AttrTargetID: "m1"}.check(t, own)
	line := byDefault(t, notification("audit.cadf", event(observer+`"user":"u","role":"r","group":"g","project":"p","domain":"d","resource_info":"x","inherited_to_projects":true`)))
	for _, key := range []string{"user", "role", "group", "project", "domain", "resource_info", "inherited_to_projects"} {
		require.Contains(t, line.Attributes, "openstack.notification.extra."+key, "Keystone's own fields mean nothing here")
	}
}

func TestPathTarget(t *testing.T) {
	for _, test := range []struct {
		path, typeURI string
		kind, id      any
		sentence      string // of a read, between "u read " and the scope
	}{
		{"/v1/secrets", "service/security/keymanager/secrets", "secret", nil, "the secrets"},
		{"/v1/secrets/" + uuidID, "", "secret", uuidID, "secret " + uuidID},
		{"/v1/secrets/" + uuidID + "/acl", "", "secret", uuidID, "the ACL of secret " + uuidID},
		{"/v1/secrets/" + uuidID + "/payload?a=b", "", "secret", uuidID, "the payload of secret " + uuidID},
		{"/v2/images/" + uuidID + "/members/" + hexID, "", "member", hexID, "member " + hexID + " of image " + uuidID},
		{"/v2.1/" + hexID + "/servers/detail", "service/compute/servers/detail", "server", nil, "the servers"},
		{"/v2.1/" + hexID2 + "/servers/" + uuidID + "/action", "", "server", uuidID, "server " + uuidID},
		{"/v3/" + hexID + "/volumes/" + uuidID, "", "volume", uuidID, "volume " + uuidID},
		{"/compute/v2.1/servers/" + uuidID, "", "server", uuidID, "server " + uuidID},
		{"/v2.1/servers/" + uuidID + "/os-volume_attachments", "", "server", uuidID, "the volume attachments of server " + uuidID},
		{"/v2.1/os-aggregates/12", "", "aggregate", "12", "aggregate 12"},
		{"/v2.1/os-keypairs/kp", "service/compute/os-keypairs/keypair", "keypair", "kp", "keypair kp"},
		{"/v2.1/os-keypairs/kp", "service/compute", "keypair", "kp", "keypair kp"},
		{"/v2.1/flavors/m1.tiny", "service/compute/flavors/flavor", "flavor", "m1.tiny", "flavor m1.tiny"},
		{"/v2.0/lbaas/loadbalancers/" + uuidID, "unknown", "loadbalancer", uuidID, "load balancer " + uuidID},
		{"/" + hexID2 + "/volumes", "", "volume", nil, "the volumes"},
		{"/v2.0/networks/" + uuidID + "/x/BAD/" + uuidID, "", "network", uuidID, "x/BAD/" + uuidID + " of network " + uuidID},
		{"/v2.0/networks/" + uuidID + "/" + uuidID, "", "network", uuidID, uuidID + " of network " + uuidID},
		{"/v2.0/categories/" + ldapID, "", "category", ldapID, "category " + ldapID},
		{"/v2.0/addresses", "", "address", nil, "the addresses"},
		{"/v2.0/boxes", "", "box", nil, "the boxes"},
		{"/v2.0/status", "", "status", nil, "the status"},
		{"/v2.0/users", "", "user", nil, "the users"},
		{"/v2.0/units", "", "unit", nil, "the units"},
		{"/v2.0/networks.json", "service/network/networks", "network", nil, "the networks"},
		{"/v2.0/networks/" + uuidID + ".json", "service/network/networks/network", "network", uuidID, "network " + uuidID},
		{"/v2.0/routers/" + uuidID + "/tags.json", "", "router", uuidID, "the tags of router " + uuidID},
		{"/v2.1/servers/" + uuidID + "/tags/prod", "", "server", uuidID, "tag prod of server " + uuidID},
		{"/v2.1/flavors/m1.tiny/os-extra_specs/hw:cpu_policy", "service/compute/flavors/flavor/os-extra_specs/key", "flavor", "m1.tiny",
			`extra spec "hw:cpu_policy" of flavor m1.tiny`},
		{"/v2.1/os-keypairs/my%20key", "service/compute/os-keypairs/keypair", "keypair", "my key", `keypair "my key"`},
		{"/v2.1/os-keypairs/50%", "service/compute/os-keypairs/keypair", "keypair", "50%", "keypair 50%"},
		{"/v2.1/os-migrations/live", "service/compute/os-migrations/None", "migration", "live", "migration live"},
		{"/v2.1/os-migrations/" + uuidID, "service/compute/os-migrations/None", "migration", uuidID, "migration " + uuidID},
		{"/v1/" + hexID2 + "/stacks/web/" + uuidID + "/template", "service/orchestration/stacks/stack/template", "stack", uuidID, "the template of stack web"},
		{"/v1/" + hexID2 + "/stacks/web/" + uuidID + "/resources/db/metadata", "service/orchestration/stacks/stack/resources/resource/metadata", "stack", uuidID,
			"the metadata of resource db of stack web"},
		{"/v1/" + hexID2 + "/stacks/web/" + uuidID + "/snapshots/" + hexID, "service/orchestration/stacks/stack/snapshots/snapshot", "snapshot", hexID, "snapshot " + hexID + " of stack web"},
		{"/v2.0/qos/rule-types", "service/network", "rule_type", nil, "the rule types"},
		{"/v2.0/metering/metering-labels", "service/network/metering-labels", "metering_label", nil, "the metering labels"},
		{"/v2.0/fwaas/firewall_groups", "", "firewall_group", nil, "the firewall groups"},
		{"/v2/octavia/amphorae", "service/load-balancer/amphorae", "amphora", nil, "the amphorae"},
		{"/v2/octavia/amphorae/" + uuidID, "service/load-balancer/amphorae/amphora", "amphora", uuidID, "amphora " + uuidID},
		{"/v2.0/qos", "", "qos", nil, "the QoS"},
		{"/v3/OS-TRUST/trusts/" + hexID, "", "trust", hexID, "trust " + hexID},
		{"/cloud/compute/v2.1/servers/" + uuidID, "", "server", uuidID, "server " + uuidID},
		{"/v3/users/" + hexID + "/credentials/OS-EC2/" + ldapID, "", "user", hexID, "credentials/OS-EC2/" + ldapID + " of user " + hexID},
		{"/v3/mappings/Rules", "", "mapping", "Rules", "mapping Rules"},
		{"/" + uuidID, "", nil, nil, "/" + uuidID + " at nova"},
		{"/v1/AUTH_x/c/o", "", nil, nil, "/v1/AUTH_x/c/o at nova"},
		{"/v1", "", nil, nil, "the nova API"},
		{"/", "", nil, nil, "the nova API"},
		{"", "", nil, nil, "the nova API"},
	} {
		t.Run(test.path+" "+test.typeURI, func(t *testing.T) {
			line := byDefault(t, notification("audit.http.response", event(fmt.Sprintf(`"action":"read","outcome":"success","requestPath":%q,`+
				`"target":{"typeURI":%q,"project_id":"tp"},"observer":{"id":"target","name":"nova"},"initiator":{"id":"u","project_id":%q}`, test.path, test.typeURI, hexID2))))
			want{audit.AttrTargetType: test.kind, audit.AttrTargetID: test.id, audit.AttrTargetProjectID: "tp"}.check(t, line)
			require.Equal(t, "u read "+test.sentence+" in project "+hexID2+": success", line.Body)
		})
	}
}

func TestPathAndQuery(t *testing.T) {
	line := byDefault(t, notification("audit.http.response", event(`"outcome":"success","requestPath":"/v1/secrets?limit=10&x"`)))
	want{audit.AttrURLPath: "/v1/secrets", audit.AttrURLQuery: "limit=10&x"}.check(t, line)
}

func TestAddresses(t *testing.T) {
	line := byDefault(t, notification("audit.http.request", event(`"outcome":"pending","target":{"id":"octavia","addresses":[
		{"url":"http://a","name":"admin"},{"url":"http://p","name":"private"},{"url":"http://p","name":"public"},{"url":"http://n"},
		{"url":"http://A","name":"Admin"},"http://s",{"name":"none"},{"url":"unknown","name":"internal"}]},
		"initiator":{"credential":{"identity_status":"unknown"}}`)))
	want{
		"cadf.target.address.public": "http://p", "cadf.target.address.admin": "http://a", "cadf.target.address.private": nil,
		"cadf.target.address.3": "http://n", "cadf.target.address.admin_4": "http://A", "openstack.notification.extra.target_addresses_5": "http://s",
		"cadf.target.address.internal": nil, audit.AttrCredentialIdentityStatus: nil,
	}.check(t, line)
}
