package auditlog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

const (
	hexID  = "906fbdac4e9b4d878493ad7f4158ef18"
	hexID2 = "359bcc5cfc414ecab6d7156c51d6f676"
	uuidID = "869e0f49-ca5a-40a7-93e5-264c0d1f4665"
)

// ldapID is a user id of LDAP or federation, and hashedID what Keystone makes of it in initiator.id.
var (
	ldapID   = strings.Repeat("ab", 32)
	hashedID = "0a555678db5b5640b9b105be92960904"
)

func TestActor(t *testing.T) {
	for _, test := range []struct {
		name, eventType, initiator string
		want                       want
	}{
		{"Icehouse: the id is in the name", "identity.authenticate", `{"id":"openstack:` + uuidID + `","name":"` + hexID + `"}`,
			want{audit.AttrUserID: hexID, audit.AttrUserName: nil, audit.AttrInitiatorID: "openstack:" + uuidID}},
		{"Kilo: the id is plain", "identity.user.created", `{"id":"` + hexID + `"}`,
			want{audit.AttrUserID: hexID, audit.AttrInitiatorID: nil}},
		{"Ocata to Rocky: a random id alone", "identity.authenticate", `{"id":"` + uuidID + `"}`,
			want{audit.AttrUserID: nil, audit.AttrInitiatorID: uuidID}},
		{"Magnum: a random id too", "magnum.cluster.create", `{"id":"` + uuidID + `","user_id":"` + hexID + `"}`,
			want{audit.AttrUserID: hexID, audit.AttrInitiatorID: uuidID}},
		{"Magnum itself", "magnum.cluster.update", `{"id":"` + uuidID + `"}`, want{audit.AttrUserID: nil, audit.AttrInitiatorID: uuidID}},
		{"Stein: user_id", "identity.authenticate", `{"id":"` + hexID + `","user_id":"` + hexID + `"}`,
			want{audit.AttrUserID: hexID, audit.AttrInitiatorID: nil}},
		{"Ussuri: username", "identity.user.created", `{"id":"` + hexID + `","user_id":"` + hexID + `","username":"alice"}`,
			want{audit.AttrUserID: hexID, audit.AttrUserName: "alice"}},
		{"2026.1: name and username", "identity.user.created", `{"user_id":"` + hexID + `","username":"alice","name":"alice"}`,
			want{audit.AttrUserName: "alice", "openstack.notification.extra.initiator_username": nil}},
		{"names that differ", "identity.user.created", `{"user_id":"u","name":"a","username":"b","user_name":"c"}`,
			want{audit.AttrUserName: "a", "openstack.notification.extra.initiator_username": "b", "openstack.notification.extra.initiator_user_name": "c"}},
		{"LDAP: initiator.id is a hash", "identity.user.created", `{"id":"` + hashedID + `","user_id":"` + ldapID + `"}`,
			want{audit.AttrUserID: ldapID, audit.AttrInitiatorID: hashedID}},
		{"federation", "identity.authenticate", `{"id":"` + uuidID + `","credential":{"type":"http://docs.oasis-open.org/security/saml/v2.0","token":"a xxxxxxxx 3",
			"identity_provider":"idp1","user":"` + ldapID + `","groups":["g1","g2"]}}`,
			want{audit.AttrUserID: ldapID, audit.AttrIdentityProviderID: "idp1", audit.AttrUserGroupIDs: []any{"g1", "g2"},
				audit.AttrCredentialType: "http://docs.oasis-open.org/security/saml/v2.0"}},
		{"federation that failed", "identity.authenticate", `{"id":"` + uuidID + `","credential":{"identity_provider":"idp1","user":"unknown"}}`,
			want{audit.AttrUserID: nil, audit.AttrInitiatorID: uuidID, "openstack.notification.extra.initiator_credential_user": nil}},
		{"federated user and another", "identity.authenticate", `{"user_id":"u","credential":{"user":"v"}}`,
			want{audit.AttrUserID: "u", "openstack.notification.extra.initiator_credential_user": "v"}},
		{"unknown user by name", "identity.authenticate", `{"id":"` + uuidID + `","user_name":"eve","domain_id":"default","domain_name":"Default"}`,
			want{audit.AttrUserID: nil, audit.AttrUserName: "eve", audit.AttrUserDomainID: "default", audit.AttrUserDomainName: "Default", audit.AttrDomainID: nil}},
		{"unknown user by id", "identity.authenticate", `{"id":"` + uuidID + `","user_id":"nobody","domain_id":null,"domain_name":null}`,
			want{audit.AttrUserID: "nobody", audit.AttrUserDomainID: nil}},
		{"IPv4 on a socket for IPv6", "identity.authenticate", `{"host":{"address":"::ffff:192.0.2.7"}}`, want{audit.AttrClientAddress: "192.0.2.7"}},
		{"IPv6", "identity.authenticate", `{"host":{"address":"2001:db8::7"}}`, want{audit.AttrClientAddress: "2001:db8::7"}},
		{"several proxies", "identity.authenticate", `{"host":{"address":"203.0.113.5, 10.0.0.1"}}`, want{audit.AttrClientAddress: "203.0.113.5, 10.0.0.1"}},
		{"no address", "identity.authenticate", `{"host":{"address":"::ffff:nobody"}}`, want{audit.AttrClientAddress: "::ffff:nobody"}},
		{"domain of the user and another", "identity.authenticate", `{"user_id":"u","user_domain_id":"d1","domain_id":"d2","domain":"n1","user_domain_name":"n2","domain_name":"n3"}`,
			want{audit.AttrUserDomainID: "d1", audit.AttrUserDomainName: "n1", "openstack.notification.extra.initiator_domain_id": "d2",
				"openstack.notification.extra.initiator_user_domain_name": "n2", "openstack.notification.extra.initiator_domain_name": "n3"}},
		{"ids that are none", "identity.user.created", `{"id":"default"}`, want{audit.AttrUserID: nil}},
		{"reference", "identity.user.created", `{"id":"initiator"}`, want{audit.AttrUserID: nil}},
		{"filler id", "identity.user.created", `{"id":"unknown"}`, want{audit.AttrUserID: nil}},
		{"a user called unknown", "identity.user.created", `{"user_id":"` + hexID + `","username":"unknown"}`, want{audit.AttrUserName: "unknown"}},
		{"scopes", "identity.user.created", `{"user_id":"u","project_id":"p","project_name":"pn","project_domain_name":"pd","domain_id":"d","domain_name":"dn",
			"application_credential_id":"ac","request_id":"req-1","global_request_id":"req-2"}`,
			want{audit.AttrProjectID: "p", audit.AttrProjectName: "pn", audit.AttrProjectDomainName: "pd", audit.AttrDomainID: "d", audit.AttrDomainName: "dn",
				audit.AttrApplicationCredentialID: "ac", audit.AttrRequestID: "req-1", audit.AttrRequestGlobalID: "req-2"}},
		{"middleware: a UUID is an id", "audit.http.request", `{"id":"` + uuidID + `","name":"n"}`, want{audit.AttrUserID: uuidID}},
		{"middleware: filler", "audit.http.request", `{"id":"unknown","name":"unknown","project_id":"unknown","host":{"address":"unknown","agent":"unknown"}}`,
			want{audit.AttrUserID: nil, audit.AttrUserName: nil, audit.AttrProjectID: nil, audit.AttrClientAddress: nil, audit.AttrUserAgentOriginal: nil}},
		{"middleware: a user called unknown", "audit.http.request", `{"id":"` + hexID + `","name":"unknown","project_id":"p","project_name":"unknown"}`,
			want{audit.AttrUserID: hexID, audit.AttrUserName: "unknown", audit.AttrProjectName: "unknown"}},
		{"middleware: a name without its id", "audit.cadf", `{"name":"unknown","project_id":"unknown","project_name":"unknown","domain":"unknown"}`,
			want{audit.AttrUserName: nil, audit.AttrProjectName: nil, audit.AttrUserDomainName: nil}},
		{"middleware of SAP", "audit.cadf", `{"id":"u","name":"o'brien","domain":"Default","domain_id":"d"}`,
			want{audit.AttrUserDomainName: "Default", audit.AttrDomainID: "d"}},
		{"host", "audit.cadf", `{"id":"u","typeURI":"x","host":{"id":"h","address":"192.0.2.7","agent":"curl","platform":"pl"},"credential":{"identity_status":"Invalid"},"geolocation":{"city":"Bern","id":7}}`,
			want{audit.AttrClientAddress: "192.0.2.7", audit.AttrUserAgentOriginal: "curl", audit.AttrInitiatorHostID: "h", audit.AttrInitiatorHostPlatform: "pl",
				audit.AttrInitiatorTypeURI: "x", audit.AttrCredentialIdentityStatus: "Invalid", audit.AttrInitiatorGeolocation: map[string]any{"city": "Bern", "id": "7"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			line := byDefault(t, notification(test.eventType, event(`"action":"x","outcome":"success","initiator":`+test.initiator)))
			test.want.check(t, line)
		})
	}
}

// A log line knows who did what Keystone's event does not say.
func TestActorFromLine(t *testing.T) {
	line := &oslo.Line{Level: "WARNING", Hostname: "h2", UserID: "lu", UserDomainID: "lud", ProjectID: "lp", DomainID: "ld", RequestID: "lr", GlobalRequestID: "lg"}
	read := func(body string) map[string]any {
		n, err := oslo.Decode([]byte(body))
		require.NoError(t, err)
		n.Line = line
		mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
		logs, _ := mapper.Logs([]auditlog.Record{mapper.ReadNotification(n, auditlog.Message{Body: []byte(body)})})
		return lines(logs)[0].Attributes
	}
	all := want{
		audit.AttrUserID: "lu", audit.AttrUserDomainID: "lud", audit.AttrProjectID: "lp", audit.AttrDomainID: "ld",
		audit.AttrRequestID: "lr", audit.AttrRequestGlobalID: "lg",
	}
	for key, value := range all {
		require.Equal(t, value, read(notification("identity.user.deleted", event(`"outcome":"success"`)))[key], key)
		require.Equal(t, value, read(notification("identity.user.deleted", `{"resource_info":"x"}`))[key], key)
		require.NotContains(t, read(notification("identity.user.deleted", event(`"outcome":"success","initiator":{"id":"x"}`))), audit.AttrUserDomainID)
		require.NotContains(t, read(notification("audit.cadf", event(`"outcome":"success"`))), key, "the middleware's own context")
	}
	require.Equal(t, "req-1", read(notification("identity.user.deleted", `{"resource_info":"x","request_id":"req-1"}`))[audit.AttrRequestID])
}

const unknownUser = `"action":"authenticate","outcome":"failure","initiator":{"id":"` + uuidID + `","user_name":"hunter2","domain_id":null},` +
	`"reason":{"reasonType":"Could not find user: hunter2.","reasonCode":"404"}`

// What was typed as the name of a user who does not exist may be a password.
func TestUnknownUserNames(t *testing.T) {
	for _, test := range []struct {
		policy auditlog.UnknownUserNames
		want   want
		body   string
	}{
		{auditlog.UnknownUserNamesKeep, want{audit.AttrUserName: "hunter2", audit.AttrUserHash: nil, audit.AttrReasonType: "Could not find user: hunter2."},
			"login of hunter2: failure (user_not_found)"},
		{auditlog.UnknownUserNamesHash, want{audit.AttrUserName: nil, audit.AttrUserHash: "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7",
			audit.AttrReasonType: "Could not find user"}, "login: failure (user_not_found)"},
		{auditlog.UnknownUserNamesDrop, want{audit.AttrUserName: nil, audit.AttrUserHash: nil, audit.AttrReasonType: "Could not find user"},
			"login: failure (user_not_found)"},
	} {
		t.Run(string(test.policy), func(t *testing.T) {
			config := configured(func(c *auditlog.Config) { c.UnknownUserNames, c.IncludeOriginal = test.policy, true })
			body := v2(notification("identity.authenticate", event(unknownUser)))
			line := one(t, config, body)
			test.want.check(t, line)
			require.Equal(t, test.body, line.Body)
			config.Body = auditlog.BodyOriginal
			for _, text := range []string{everything(t, line), everything(t, one(t, config, body))} {
				require.Equal(t, test.policy == auditlog.UnknownUserNamesKeep, strings.Contains(text, "hunter2"))
			}
			// An id that was typed is hidden alike, also where Keystone repeats it.
			typed := notification("identity.authenticate", event(`"action":"authenticate","outcome":"failure","initiator":{"id":"hunter2","user_id":"hunter2"},`+
				`"reason":{"reasonType":"Could not find user: hunter2.","reasonCode":"404"}`))
			require.Equal(t, test.policy == auditlog.UnknownUserNamesKeep, strings.Contains(everything(t, one(t, config, typed)), "hunter2"))
			// Names of users who exist stay, and the original of their events is left alone.
			known := notification("identity.authenticate", event(`"action":"authenticate","outcome":"failure","initiator":{"user_id":"u","username":"bob"}`))
			line = one(t, config, known)
			want{audit.AttrUserName: "bob", audit.AttrRecordOriginal: known}.check(t, line)
		})
	}
}
