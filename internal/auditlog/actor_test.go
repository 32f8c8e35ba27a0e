package auditlog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

const (
	hexID  = "359bcc5cfc414ecab6d7156c51d6f676"
	uuidID = "869e0f49-ca5a-40a7-93e5-264c0d1f4665"
)

// A log line knows who did what Keystone's event does not say.
func TestActorFromLine(t *testing.T) {
	line := &oslo.Line{Level: "WARNING", Hostname: "h2", UserID: "lu", UserDomainID: "lud", ProjectID: "lp", DomainID: "ld", RequestID: "lr",
		GlobalRequestID: "lg"}
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
		require.NotContains(t, read(notification("identity.user.deleted", event(`"outcome":"success","initiator":{"id":"x"}`))),
			audit.AttrUserDomainID)
		require.NotContains(t, read(notification("audit.cadf", event(`"outcome":"success"`))), key, "the middleware's own context")
	}
	require.Equal(t, "req-1", read(notification("identity.user.deleted", `{"resource_info":"x","request_id":"req-1"}`))[audit.AttrRequestID])
}

const unknownUser = `"action":"authenticate","outcome":"failure","initiator":{"id":"` + uuidID +
	`","user_name":"hunter2","domain_id":null},` +
	`"reason":{"reasonType":"Could not find user: hunter2.","reasonCode":"404"}`

// What was typed as the name of a user who does not exist may be a password.
func TestUnknownUserNames(t *testing.T) {
	for _, test := range []struct {
		policy derive.UnknownUserNames
		want   want
		body   string
	}{
		{derive.UnknownUserNamesKeep, want{audit.AttrUserName: "hunter2", audit.AttrUserHash: nil,
			audit.AttrReasonType: "Could not find user: hunter2."},
			"login of hunter2: failure (user_not_found)"},
		{derive.UnknownUserNamesHash,
			want{audit.AttrUserName: nil, audit.AttrUserHash: "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7",
				audit.AttrReasonType: "Could not find user"}, "login: failure (user_not_found)"},
		{derive.UnknownUserNamesDrop, want{audit.AttrUserName: nil, audit.AttrUserHash: nil, audit.AttrReasonType: "Could not find user"},
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
				require.Equal(t, test.policy == derive.UnknownUserNamesKeep, strings.Contains(text, "hunter2"))
			}
			// An id that was typed is hidden alike, also where Keystone repeats it.
			typed := notification("identity.authenticate", event(`"action":"authenticate","outcome":"failure","initiator":{"id":"hunter2",`+
				`"user_id":"hunter2"},`+
				`"reason":{"reasonType":"Could not find user: hunter2.","reasonCode":"404"}`))
			require.Equal(t, test.policy == derive.UnknownUserNamesKeep, strings.Contains(everything(t, one(t, config, typed)), "hunter2"))
			// Names of users who exist stay, and the original of their events is left alone.
			known := notification("identity.authenticate", event(`"action":"authenticate","outcome":"failure","initiator":{"user_id":"u",`+
				`"username":"bob"}`))
			line = one(t, config, known)
			want{audit.AttrUserName: "bob", audit.AttrRecordOriginal: known}.check(t, line)
		})
	}
}
