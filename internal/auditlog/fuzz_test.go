package auditlog_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// words are the names and values that the mapping knows, and some that attackers do.
var words = []string{
	"typeURI", "id", "eventType", "eventTime", "action", "outcome", "name", "severity", "requestPath", "initiator", "target", "observer",
	"reason", "tags",
	"attachments", "reporterchain", "measurements", "resource_info", "role", "user", "group", "project", "domain", "inherited_to_projects",
	"host", "credential",
	"addresses", "geolocation", "user_id", "username", "user_name", "user_domain_id", "user_domain_name", "project_id", "project_name",
	"domain_id", "domain_name",
	"request_id", "global_request_id", "application_credential_id", "address", "agent", "platform", "token", "type", "identity_status",
	"identity_provider", "groups",
	"url", "reasonType", "reasonCode", "policyType", "policyId", "content", "contentType", "reporterTime", "reporter", "reporterId",
	"password", "xYz", "",
	"actor_id", "actor_type", "actor_operation", "unknown", "success", "failure", "pending", "authenticate", "read/list", "update/os-stop",
	"created.user", "HTTP", "404", "503",
	"Could not find user: bob", "The account is locked", "The password does not match the requirements", "partial_password_hash", "public",
	"target", "modifier",
	"2026-11-20T22:42:22.720112+0000", "9999-12-31T23:59:59Z", "service/compute/servers", "data/security/keymanager/secrets", "compute/Xfoo",
	"unknown",
	"/v2.1/359bcc5cfc414ecab6d7156c51d6f676/servers/869e0f49-ca5a-40a7-93e5-264c0d1f4665/action?token=x&a=b",
	"00000000-0000-0000-0000-000000000007",
	"359bcc5cfc414ecab6d7156c51d6f676", "correlation_id?value=openstack:x", "openstack:869e0f49-ca5a-40a7-93e5-264c0d1f4665",
	"bob: success\\n\\u001b[31m\\u202e", "true",
	"added", "removed", "user", "\\ud800", "山", "a.b", "a_b", "create", "update/add", "delete/unset", "storage/object/Xphotos",
	"/v1/stacks/web/869e0f49-ca5a-40a7-93e5-264c0d1f4665/tags/red.json", "/v2.0/qos/policies", "/v2.1/flavors/m1.tiny/os-extra_specs/a%3Ab",
}

// eventTypes are of every kind of notification.
var eventTypes = []string{
	"identity.authenticate", "identity.user.updated", "identity.group.updated", "identity.role_assignment.created",
	"identity.created.role_assignment",
	"identity.project tag.created", "identity.OS-TRUST:trust.created", "audit.http.request", "audit.http.response", "audit.cadf",
	"compute.instance.create.end", "identity.x.y.z", "magnum.cluster.create",
}

// grower makes a JSON document of whatever bytes a fuzzer gives it.
type grower struct {
	bytes []byte
	out   strings.Builder
}

func (g *grower) next() int {
	if len(g.bytes) == 0 {
		return 0
	}
	b := g.bytes[0]
	g.bytes = g.bytes[1:]
	return int(b)
}

func (g *grower) word() { g.out.WriteString(`"` + words[g.next()%len(words)] + `"`) }

func (g *grower) object(depth int) {
	g.out.WriteByte('{')
	for i := range g.next() % 24 {
		if i > 0 {
			g.out.WriteByte(',')
		}
		g.word()
		g.out.WriteByte(':')
		g.value(depth)
	}
	g.out.WriteByte('}')
}

func (g *grower) value(depth int) {
	switch kind := g.next() % 12; {
	case kind < 4 && depth > 0:
		g.object(depth - 1)
	case kind == 4 && depth > 0:
		g.out.WriteByte('[')
		for i := range g.next() % 40 {
			if i > 0 {
				g.out.WriteByte(',')
			}
			g.value(depth - 1)
		}
		g.out.WriteByte(']')
	case kind == 5:
		g.out.WriteString("null")
	case kind == 6:
		g.out.WriteString(strconv.Itoa(g.next() * g.next()))
	case kind == 7:
		g.out.WriteString(`"` + strings.Repeat(words[g.next()%len(words)], 1+g.next()) + `"`)
	case kind == 8:
		g.out.WriteString("true")
	default:
		g.word()
	}
}

// grow makes a notification.
func grow(seed []byte) string {
	g := grower{bytes: seed}
	g.out.WriteString(`{"event_type":"` + eventTypes[g.next()%len(eventTypes)] + `","publisher_id":`)
	g.value(0)
	g.out.WriteString(`,"priority":`)
	g.value(1)
	g.out.WriteString(`,"timestamp":`)
	g.value(1)
	g.out.WriteString(`,"message_id":`)
	g.value(0)
	g.out.WriteByte(',')
	g.word()
	g.out.WriteByte(':')
	g.value(1)
	g.out.WriteString(`,"payload":{`)
	if g.next()%4 != 0 {
		g.out.WriteString(`"eventType":"activity","action":`)
		g.value(0)
		g.out.WriteString(`,"initiator":`)
		g.object(2)
		g.out.WriteByte(',')
	}
	g.out.WriteString(`"more":`)
	g.object(3)
	for range g.next() % 40 {
		g.out.WriteByte(',')
		g.word()
		g.out.WriteByte(':')
		g.value(4)
	}
	g.out.WriteString("}}")
	return g.out.String()
}

// FuzzRecordBounds holds the bounds of a record for any message and every option:
// for the bytes as they are, and for a notification that is grown from them.
func FuzzRecordBounds(f *testing.F) {
	for _, capture := range []string{"amqp-keystone-messagingv2", "amqp-keystone-basic", "amqp-audit-middleware",
		"amqp-audit-middleware-sapcc"} {
		for i, message := range readCapture(f, capture) {
			if i%9 == 0 {
				f.Add(message.Body)
			}
		}
	}
	f.Add([]byte("raw"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, config := range []auditlog.Config{
			configured(func(c *auditlog.Config) {
				c.OtherNotifications, c.UnknownUserNames = auditlog.Keep, derive.UnknownUserNamesHash
			}),
			configured(func(c *auditlog.Config) {
				c.OtherNotifications, c.Body, c.IncludeOriginal, c.MaxBodySizeKiB = auditlog.Keep, auditlog.BodyOriginal, true, 1
			}),
		} {
			mapper := auditlog.NewMapper(config, "1")
			for i, message := range [][]byte{body, []byte(grow(body))} {
				record := mapper.Read(auditlog.Message{Body: message, Received: received})
				if i == 1 && record.Kind == auditlog.KindRaw {
					t.Fatalf("%v: %s", record.DecodeError, message)
				}
				logs, stats := mapper.Logs([]auditlog.Record{record})
				checkBounds(t, logs, &config)
				if line := lines(logs); len(line) > 0 && (line[0].Attributes[audit.AttrAuditTruncated] == true) != (stats.Truncated == 1) {
					t.Fatal("the mark and the count of what was cut differ")
				}
			}
		}
	})
}
