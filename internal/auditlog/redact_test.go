package auditlog_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// secret is what no record may hold, and fernet a token that is known by its look.
const (
	secret = "s3cr3t-s3cr3t"
	fernet = "gAAAAABlZXhhbXBsZXRva2VuZXhhbXBsZXRva2Vu"
)

// Secrets are dropped wherever a producer puts them, in every option's output.
func TestSecretsAreDropped(t *testing.T) {
	events := []struct{ name, members string }{
		{"credential token", `"initiator":{"id":"u","credential":{"token":"` + secret + `"}}`},
		{"credential that is a text", `"initiator":{"id":"u","credential":"` + secret + `"}`},
		{"credential that is a list", `"initiator":{"id":"u","credential":["` + secret + `"]}`},
		{"credential of a target", `"target":{"credential":{"token":"` + secret + `"}}`},
		{"unknown field", `"adminPass":"` + secret + `"`},
		{"unknown field, a number", `"auth_token":"` + secret + `","password":31337`},
		{"within an unknown field", `"request":{"auth":{"identity":{"password":{"user":{"name":"n","password":"` + secret + `"}}}}}`},
		{"list of passwords", `"old_passwords":["` + secret + `",["` + secret + `"]]`},
		{"attachment named so", `"attachments":[{"name":"password","typeURI":"xs:string","content":"` + secret + `"}]`},
		{"attachment of JSON", `"attachments":[{"name":"payload","content":"{\"secret\":{\"payload\":\"x\",\"passphrase\":\"` + secret +
			`\"}}"}]`},
		{"attachment of an object", `"attachments":[{"name":"payload","content":{"user":{"original_password":"` + secret + `"}}}]`},
		{"attachment of text", `"attachments":[{"name":"note","content":"password=` + secret + `&x=1"}]`},
		{"attachment of a target", `"target":{"attachments":[{"name":"private_key","content":"` + secret + `"}]}`},
		{"measurement", `"measurements":[{"result":1,"token":"` + secret + `"}]`},
		{"geolocation", `"initiator":{"id":"u","geolocation":{"token":"` + secret + `"}}`},
		{"query", `"requestPath":"/v1/x?token=` + secret + `&X-Auth-Token=` + secret + `&temp_url_sig=` + secret + `&a=b"`},
		{"query, escaped", `"requestPath":"/v1/x?%74oken=` + secret + `&%zzpassword=` + secret + `"`},
		{"Fernet token in a query", `"requestPath":"/v1/x?a=` + fernet + `"`},
		{"Fernet token in a path", `"requestPath":"/v2.0/tokens/` + fernet + `"`},
		{"Fernet token in a text", `"comment":"used ` + fernet + `"`},
		{"Barbican's secret", `"attachments":[{"name":"payload","content":"{\"name\":\"db\",\"payload\":\"` + secret + `\"}"}]`},
		{"Barbican's secret, bare", `"attachments":[{"name":"payload","content":"` + secret + `"}]`},
		{"within an array", `"request":[{"pairs":[{"name":"apiKey","value":"` + secret + `"},["pwd=` + secret + `"]]}]`},
		{"keys of clouds", `"access_key":"` + secret + `","bearer":"` + secret + `","user_data":"` + secret + `"`},
		{"private key", `"key":"-----BEGIN PRIVATE KEY-----\n` + secret + `\n-----END PRIVATE KEY-----"`},
		{"user of a URL", `"target":{"addresses":[{"name":"public","url":"http://bob:` + secret + `@h/"}]}`},
		{"reason", `"reason":{"reasonType":"token=` + secret + `","reasonCode":"1"}`},
		{"User-Agent", `"initiator":{"id":"u","host":{"agent":"x token=` + secret + `"}}`},
		{"tag", `"tags":["pwd=` + secret + `"]`},
		{"address", `"target":{"addresses":[{"name":"public","url":"http://h/?token=` + secret + `"}]}`},
	}
	for _, test := range events {
		t.Run(test.name, func(t *testing.T) {
			body := v2(notification("audit.cadf", event(`"action":"x","outcome":"success",`+test.members)))
			for _, mode := range []auditlog.BodyMode{auditlog.BodySummary, auditlog.BodyOriginal} {
				config := configured(func(c *auditlog.Config) { c.Body, c.IncludeOriginal = mode, true })
				text := everything(t, one(t, config, body))
				require.NotContains(t, text, secret)
				require.NotContains(t, text, fernet)
				require.NotContains(t, text, "31337")
				require.Contains(t, text, "a82028e8-8eda-5d04-83a3-c9a4fdc8e958", "the rest of the event is there")
				raw := everything(t, one(t, config, strings.TrimSuffix(body, "}")))
				require.Contains(t, raw, `"openstack.notification.decode_error":"json"`)
				require.NotContains(t, raw, fernet)
				if test.name != "query, escaped" { // a text that is not parsed has no query
					require.NotContains(t, raw, secret)
				}
			}
		})
	}
}

func TestRedactedTextSaysThatItWas(t *testing.T) {
	line := byDefault(t, notification("audit.cadf", event(`"requestPath":"/x?token=a&b=c","password":"","secret":"***",`+
		`"attachments":[{"name":"payload","content":"{\"a\":1}"}]`)))
	want{
		audit.AttrURLQuery: "token=REDACTED&b=c", "openstack.notification.extra.password": nil, "openstack.notification.extra.secret": "***",
		audit.AttrAttachments: []any{map[string]any{"name": "payload", "content": `{"a":1}`}},
	}.check(t, line)
}

func TestSecretsInRawBodies(t *testing.T) {
	for _, body := range []string{
		`{"auth": {"password": "` + secret + `"}`,
		`{\"auth_token\": \"` + secret + `\"`,
		`{'token': u'` + secret + `'`,
		`adminPass=` + secret,
		`passwd: ` + secret,
		`x ` + fernet,
	} {
		text := everything(t, byDefault(t, body))
		require.NotContains(t, text, secret, body)
		require.NotContains(t, text, fernet, body)
	}
}

// The publisher's own context may hold a token, in the envelope's original too.
func TestContextNeverAppears(t *testing.T) {
	config := configured(func(c *auditlog.Config) { c.IncludeOriginal, c.Body = true, auditlog.BodyOriginal })
	plain := v2(`{"event_type":"identity.user.created","payload":{"resource_info":"x"},"_context_auth_token":"` + secret +
		`","_context_user":"admin","_unique_id":"uid"}`)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte(plain))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for _, body := range []string{plain, packed.String()} {
		line := one(t, config, body)
		require.NotContains(t, everything(t, line), secret)
		require.NotContains(t, everything(t, line), `\x1f`)
		for key := range line.Attributes {
			require.NotContains(t, key, "context")
			require.NotContains(t, key, "unique_id")
		}
	}
}

// The secrets of the captures are in no golden record: tokens as pyCADF masks
// them (half of one may be left), tokens of Fernet, and passwords.
func TestGoldenRecordsHoldNoSecrets(t *testing.T) {
	secrets := regexp.MustCompile(`gAAAA[\w-]{4,}|xxxxxxxx`)
	inputs := 0
	unmasked := regexp.MustCompile(`"[\w.]*(?i:password|passwd|token|secret)[\w.]*":"[^"*]`)
	for _, test := range []struct {
		folder, ending string
		golden         bool
	}{
		{"notifications", ".jsonl", false},
		{"loglines", ".log", false},
		{"golden/notifications", ".jsonl", true},
		{"golden/loglines", ".jsonl", true},
		{"golden/services", ".jsonl", true},
		{"golden/examples", ".jsonl", true},
	} {
		for _, name := range fixtures.Names(t, test.folder, test.ending) {
			content := fixtures.Text(t, test.folder+"/"+name+test.ending)
			found := secrets.FindAllString(content, -1)
			if !test.golden {
				inputs += len(found)
				continue
			}
			require.Empty(t, found, name)
			require.Empty(t, unmasked.FindAllString(content, -1), name)
		}
	}
	require.Greater(t, inputs, 100, "the captures hold tokens, or this proves nothing")
}

func TestRawBodyIsCut(t *testing.T) {
	config := configured(func(c *auditlog.Config) { c.MaxBodySizeKiB = 1 })
	for _, test := range []struct {
		name, body, want string
		cut              bool
	}{
		{"short", "no notification", "no notification", false},
		{"just", strings.Repeat("x", 1024), strings.Repeat("x", 1024), false},
		{"long", strings.Repeat("x", 1025), strings.Repeat("x", 1024), true},
		{"at a character", strings.Repeat("x", 1023) + "ü", strings.Repeat("x", 1023), true},
		{"of characters", strings.Repeat("山", 1000), strings.Repeat("山", 341), true},
		{"secrets make it short", strings.Repeat("token="+strings.Repeat("t", 94)+"&", 11), strings.Repeat("token=***&", 10) + "token=***", true},
		{"no text", strings.Repeat("\x80", 1025), strings.Repeat(`\x80`, 256), true},
		{"no text, short", "a\xff", `a\xff`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			line := one(t, config, test.body)
			require.Equal(t, test.want, line.Body)
			require.Empty(t, line.EventName)
			require.Zero(t, line.Severity)
			require.Empty(t, line.Time)
			want{audit.AttrNotificationDecodeError: "json"}.check(t, line)
			if test.cut {
				want{audit.AttrAuditTruncated: true}.check(t, line)
			} else {
				want{audit.AttrAuditTruncated: nil}.check(t, line)
			}
			if test.want == test.body {
				want{audit.AttrNotificationBodySize: nil, audit.AttrNotificationBodySHA256: nil}.check(t, line)
			} else {
				require.Equal(t, int64(len(test.body)), line.Attributes[audit.AttrNotificationBodySize])
				require.Equal(t, sha256Hex(test.body), line.Attributes[audit.AttrNotificationBodySHA256])
			}
		})
	}
}

func TestBodyOriginal(t *testing.T) {
	config := configured(func(c *auditlog.Config) {
		c.Body, c.OtherNotifications, c.MaxBodySizeKiB = auditlog.BodyOriginal, auditlog.Keep, 1
	})
	line := one(t, config, `{"event_type":"compute.instance.create.end","priority":"WARN","timestamp":"2026-11-20 23:08:19","more":1,`+
		`"payload":{"n":null,"b":true,"i":7,"f":1.5,"e":1e3,"big":12345678901234567890,"nan":NaN,"huge":1e999,"s":"x","a":[1,{"k":"v"}],`+
		`"admin_password":"p"}}`)
	require.Equal(t, map[string]any{
		"n": nil, "b": true, "i": int64(7), "f": 1.5, "e": 1000.0, "big": "12345678901234567890", "nan": "NaN", "huge": "1e999", "s": "x",
		"a": []any{int64(1), map[string]any{"k": "v"}}, "admin_password": "***",
	}, line.Body)
	require.Equal(t, "openstack.compute.instance.create.end", line.EventName)
	require.EqualValues(t, 13, line.Severity)
	require.Equal(t, "2026-11-20T23:08:19Z", line.Time)
	require.Equal(t, "openstack.notification", line.Scope["encoding.format"])
	want{"openstack.notification.extra.more": "1", audit.AttrAuditOutcome: nil}.check(t, line)

	line = one(t, config, `{"event_type":"x.y","payload":["text"]}`)
	require.Equal(t, `["text"]`, line.Body)
	line = one(t, config, `{"event_type":"x.y","payload":`+strings.Repeat(`{"a":`, 17)+`1`+strings.Repeat("}", 17)+`}`)
	require.IsType(t, "", line.Body, "too deep for backends")
	line = one(t, config, `{"event_type":"x.y","payload":{"a":"`+strings.Repeat("x", 2000)+`"}}`)
	require.Len(t, line.Body, 1024)
	want{audit.AttrAuditTruncated: true, audit.AttrNotificationBodySize: int64(2008)}.check(t, line)

	line = one(t, config, notification("identity.user.created",
		event(`"outcome":"success","initiator":{"credential":{"token":"x","type":"t"}}`)))
	require.Equal(t, map[string]any{"credential": map[string]any{"token": "***", "type": "t"}}, line.Body.(map[string]any)["initiator"])
	config.Body = auditlog.BodyNone
	require.Nil(t, one(t, config, notification("identity.user.created", event(`"outcome":"success"`))).Body)
}

func TestIncludeOriginal(t *testing.T) {
	config := configured(func(c *auditlog.Config) { c.IncludeOriginal = true })
	body := v2(notification("identity.user.created", event(`"outcome":"success"`)))
	require.Equal(t, body, one(t, config, body).Attributes[audit.AttrRecordOriginal])
	line := one(t, config, notification("identity.user.created", `{"resource_info":"x","password":"p"}`))
	require.JSONEq(t, notification("identity.user.created", `{"resource_info":"x","password":"***"}`),
		line.Attributes[audit.AttrRecordOriginal].(string))
	want{audit.AttrRecordOriginal: nil}.check(t, one(t, config, "raw"))
	config.MaxBodySizeKiB = 1
	line = one(t, config, notification("identity.user.created", fmt.Sprintf(`{"resource_info":"%01500d"}`, 0)))
	require.Len(t, line.Attributes[audit.AttrRecordOriginal], 1024)
	want{audit.AttrAuditTruncated: true}.check(t, line)
}
