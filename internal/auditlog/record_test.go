package auditlog_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// One event gives one record, whatever envelope it came in.
func TestEnvelopesGiveTheSameRecord(t *testing.T) {
	for _, v1 := range []string{
		notification("identity.user.created", `{"resource_info":"x"}`),
		notification("audit.http.request", event(`"action":"read","outcome":"pending","requestPath":"/v1/secrets"`)),
		fixtures.Rows[struct{ Body string }](t, "examples/articles.jsonl")[2].Body, // a failed login
	} {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write([]byte(v2(v1)))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		expect := byDefault(t, v1)
		for _, body := range []string{v2(v1), "\ufeff" + v1, " " + v1 + "\n", packed.String(),
			v2(strings.TrimSuffix(v1, "}") + `,"_unique_id":"u","_context_user":"admin","_context_auth_token":"t"}`)} {
			require.Equal(t, expect, byDefault(t, body))
		}
	}
}

func TestRecordUID(t *testing.T) {
	uid := func(body string) any { return byDefault(t, body).Attributes[audit.AttrRecordUID] }
	bare := event(`"outcome":"success"`)
	require.Equal(t, "c7d7f5a5-9d5b-4a31-a72e-000000000001", uid(notification("audit.cadf", bare)))
	require.Equal(t, uid(bare), uid(" "+bare), "by the event's id")
	require.NotEqual(t, uid(bare), uid(event(`"outcome":"failure"`)), "a request and its response share the event's id")
	require.NotEqual(t, uid(`{"event_type":"identity.x","payload":`+bare+`}`), uid(bare))
	require.Equal(t, "8b4dba99-ef7a-5ed3-831f-e77b9dc6b9b3", uid("raw"))
	require.NotEqual(t, uid("raw"), uid("raw "))
	require.NotEqual(t, uid(`{"event_type":"identity.x","payload":{}}`), uid(`{"event_type":"identity.y","payload":{}}`))
	require.NotContains(t, byDefault(t, `{"event_type":"identity.x","message_id":null,"payload":{}}`).Attributes[audit.AttrRecordUID], "null")

	withID := func(id string) string { return `{"event_type":"identity.x","message_id":"` + id + `","payload":{}}` }
	longest := strings.Repeat("a", 512)
	require.Equal(t, longest, uid(withID(longest)))
	require.NotEqual(t, uid(withID(longest+"b")), uid(withID(longest+"c")))
	want{audit.AttrRecordUID: "15fdcac0-9f69-5b6f-a798-6e2933bfde67", "openstack.notification.extra.message_id": longest + "b"}.check(t,
		byDefault(t, withID(longest+"b")))
}

// What is said twice or in no known place is on the record all the same.
func TestUnknownFields(t *testing.T) {
	line := byDefault(t, `{"event_type":"audit.cadf","colour":"red","event_type":"audit.cadf","message_id":1,"message_id":2,"payload":`+
		event(`"outcome":"failure","outcome":"success","tenantIDs":["a",{"b":null}],"x":{"y":[]},"null":null,"empty":"","number":1.50,"ok":true,
		"":"nameless","A b.c":"odd",
			"xYz":1,"x_yz":2,"x-yz":3,"initiator":{"id":"a","id":"b","host":{"more":"h"}},"observer":{"addresses":[1]}`)+`}`)
	want{
		audit.AttrRecordUID: "2", audit.AttrUserID: "b", audit.AttrAuditOutcome: "success",
		"openstack.notification.extra.message_id":          "1",
		"openstack.notification.extra.outcome":             "failure",
		"openstack.notification.extra.initiator_id":        "a",
		"openstack.notification.extra.initiator_host_more": "h",
		"openstack.notification.extra.observer_addresses":  "[1]",
		"openstack.notification.extra.tenant_ids":          `["a",{"b":null}]`,
		"openstack.notification.extra.x":                   `{"y":[]}`,
		"openstack.notification.extra.number":              "1.50",
		"openstack.notification.extra.ok":                  "true",
		"openstack.notification.extra._":                   "nameless",
		"openstack.notification.extra.a_b_c":               "odd",
		"openstack.notification.extra.x_yz":                "1",
		"openstack.notification.extra.x_yz_2":              "2",
		"openstack.notification.extra.x_yz_3":              "3",
		"openstack.notification.extra.colour":              "red",
		"openstack.notification.extra.null":                nil,
		"openstack.notification.extra.empty":               nil,
	}.check(t, line)
}

func TestNullEverywhere(t *testing.T) {
	line := byDefault(t, `{"event_type":"identity.user.created","message_id":null,"publisher_id":null,"priority":null,"timestamp":null,`+
		`"payload":`+
		`{"typeURI":null,"id":null,"eventType":null,"eventTime":null,"action":null,"outcome":null,"initiator":{"id":null,`+
		`"host":{"address":null}},"target":{"id":null},"reason":null,"tags":[null]}}`)
	delete(line.Attributes, audit.AttrRecordUID)
	require.Equal(t, map[string]any{
		"openstack.notification.event_type": "identity.user.created", "openstack.audit.category": "iam", "openstack.audit.action": "create",
		"openstack.audit.outcome": "unknown", "error.type": "_OTHER", "openstack.target.type": "user",
	}, line.Attributes)
	require.Equal(t, "attempt to create a user: unknown (_OTHER)", line.Body)
}

func TestScalarsOfOtherKinds(t *testing.T) {
	line := byDefault(t, `{"event_type":"audit.cadf","priority":5,"timestamp":1795000000,"payload":`+
		event(`"outcome":true,"action":7,"initiator":{"id":12,"name":false},"target":{"typeURI":"compute/server","id":34},`+
			`"reason":{"reasonType":"HTTP","reasonCode":404}`)+`}`)
	want{
		audit.AttrUserID: "12", audit.AttrUserName: "false", audit.AttrTargetID: "34", audit.AttrAction: "7", audit.AttrOutcome: "true",
		audit.AttrAuditOutcome: "unknown", audit.AttrHTTPStatusCode: int64(404), audit.AttrNotificationTimestamp: "1795000000",
	}.check(t, line)
	require.Equal(t, "5", line.Text)
}

func TestObjectsForTexts(t *testing.T) {
	line := byDefault(t, `{"event_type":"identity.user.created","publisher_id":["identity.h"],"payload":`+
		event(`"outcome":"success","target":{"id":{"a":1}},"initiator":"alice"`)+`}`)
	want{
		"openstack.notification.extra.publisher_id": `["identity.h"]`,
		"openstack.notification.extra.target_id":    `{"a":1}`,
		"openstack.notification.extra.initiator":    "alice",
	}.check(t, line)
}

func TestAttachmentsTagsAndMeasurements(t *testing.T) {
	line := byDefault(t, notification("audit.cadf", event(`"name":"n","severity":"high","eventType":"monitor","outcome":"success",
		"tags":["correlation_id?value=openstack:c1","correlation_id?value=c2","gold"],
		"attachments":[{"name":"partial_password_hash","content":"ab12"},{"name":"payload","typeURI":"mime","content":{"a":1}}],
		"target":{"attachments":[{"name":"key","typeURI":"xs:string","content":"k"}]},
		"measurements":[{"result":"80%","metric":{"unit":"x"}}]`)))
	want{
		audit.AttrAuditCorrelationID: "c1", audit.AttrTags: []any{"correlation_id?value=c2", "gold"}, audit.AttrPartialPasswordHash: "ab12",
		audit.AttrAttachments:           []any{map[string]any{"name": "payload", "type_uri": "mime", "content": `{"a":1}`}},
		audit.AttrCADFTargetAttachments: []any{map[string]any{"name": "key", "type_uri": "xs:string", "content": "k"}},
		audit.AttrMeasurements:          []any{map[string]any{"result": "80%", "metric": `{"unit":"x"}`}},
		audit.AttrEventName:             "n", audit.AttrEventSeverity: "high", audit.AttrEventType: "monitor", audit.AttrEventTypeURI: nil,
	}.check(t, line)
	want{audit.AttrEventTypeURI: "other/event"}.check(t, byDefault(t, `{"typeURI":"other/event"}`))
}

func TestPolicies(t *testing.T) {
	pending := notification("audit.http.request", event(`"outcome":"pending"`))
	other := notification("compute.instance.create.end", `{"x":1}`)
	rpc := `{"method":"ping","args":{}}`
	for _, test := range []struct {
		name   string
		change func(c *auditlog.Config)
		body   string
		kind   auditlog.Kind
		skip   auditlog.SkipReason
		reject bool
	}{
		{"pending", func(*auditlog.Config) {}, pending, oslo.KindCADF, "", false},
		{"pending dropped", func(c *auditlog.Config) { c.HTTPAuditPending = auditlog.Drop }, pending, oslo.KindCADF,
			auditlog.SkipHTTPAuditPending, false},
		{"other", func(*auditlog.Config) {}, other, oslo.KindOther, auditlog.SkipOtherNotification, false},
		{"other kept", func(c *auditlog.Config) { c.OtherNotifications = auditlog.Keep }, other, oslo.KindOther, "", false},
		{"RPC", func(c *auditlog.Config) { c.OtherNotifications = auditlog.Keep }, rpc, oslo.KindRPC, auditlog.SkipRPC, false},
		{"raw", func(*auditlog.Config) {}, "raw", auditlog.KindRaw, "", false},
		{"raw dropped", func(c *auditlog.Config) { c.OnDecodeError = auditlog.DecodeErrorDrop }, "raw", auditlog.KindRaw,
			auditlog.SkipDecodeError, false},
		{"raw rejected", func(c *auditlog.Config) { c.OnDecodeError = auditlog.DecodeErrorReject }, "raw", auditlog.KindRaw,
			auditlog.SkipDecodeError, true},
		{"basic", func(*auditlog.Config) {}, notification("identity.user.created", `{}`), oslo.KindBasic, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			mapper := auditlog.NewMapper(configured(test.change), "")
			record := mapper.Read(auditlog.Message{Body: []byte(test.body)})
			require.Equal(t, test.kind, record.Kind)
			require.Equal(t, test.skip, record.Skip)
			require.Equal(t, test.reject, record.Reject)
			require.Equal(t, test.kind == auditlog.KindRaw, record.DecodeError != nil)
			logs, _ := mapper.Logs([]auditlog.Record{record})
			require.Equal(t, test.skip == "", logs.LogRecordCount() == 1)
		})
	}
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	record := mapper.ReadUndecodable(&oslo.DecodeError{Reason: oslo.ReasonJSON, Err: errors.New("x")}, auditlog.Message{Body: []byte("y")})
	require.Equal(t, oslo.ReasonJSON, record.DecodeError.Reason)
}

// The same records give the same logs, however often and in whatever batches.
func TestLogsAreRepeatable(t *testing.T) {
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "1")
	var records []auditlog.Record
	for _, message := range readCapture(t, "amqp-audit-middleware") {
		records = append(records, mapper.Read(message))
	}
	whole, _ := mapper.Logs(records)
	again, _ := mapper.Logs(records)
	require.Equal(t, auditlogtest.JSON(t, lines(whole)), auditlogtest.JSON(t, lines(again)))
	byUID := map[any]string{}
	for _, line := range lines(whole) {
		byUID[line.Attributes[audit.AttrRecordUID]] = everything(t, line)
	}
	for start := 0; start < len(records); start += 7 {
		part, stats := mapper.Logs(records[start:min(start+7, len(records))])
		require.Zero(t, stats.Truncated)
		for _, line := range lines(part) {
			require.Equal(t, byUID[line.Attributes[audit.AttrRecordUID]], everything(t, line))
		}
	}
}

func TestLargeAndDeepBodies(t *testing.T) {
	large := strings.Repeat("x", 10<<20)
	deep := strings.Repeat(`{"a":[`, 450) + "1" + strings.Repeat("]}", 450)
	for _, mode := range []auditlog.BodyMode{auditlog.BodySummary, auditlog.BodyOriginal} {
		config := configured(func(c *auditlog.Config) { c.Body, c.IncludeOriginal = mode, true })
		for _, value := range []string{`"` + large + `"`, deep} {
			line := one(t, config, notification("identity.user.created", event(`"outcome":"success","thing":`+value)))
			want{audit.AttrAuditTruncated: true}.check(t, line)
			require.Len(t, line.Attributes["openstack.notification.extra.thing"], 2048)
		}
	}
}

func TestConfigValidate(t *testing.T) {
	config := auditlog.NewDefaultConfig()
	require.NoError(t, config.Check())
	for _, test := range []struct {
		want   string
		change func(c *auditlog.Config)
	}{
		{`on_decode_error: "x" is none of keep, reject, drop`, func(c *auditlog.Config) { c.OnDecodeError = "x" }},
		{`other_notifications: "" is none of drop, keep`, func(c *auditlog.Config) { c.OtherNotifications = "" }},
		{`http_audit_pending: "reject" is none of keep, drop`, func(c *auditlog.Config) { c.HTTPAuditPending = "reject" }},
		{`body: "raw" is none of summary, original, none`, func(c *auditlog.Config) { c.Body = "raw" }},
		{`unknown_user_names: "x" is none of keep, hash, drop`, func(c *auditlog.Config) { c.UnknownUserNames = "x" }},
		{`severity_of_failure: "x" is none of warn, info, error`, func(c *auditlog.Config) { c.SeverityOfFailure = "x" }},
		{`observed_time: "x" is none of receipt, notification`, func(c *auditlog.Config) { c.ObservedTime = "x" }},
		{`max_body_size_kib: 0 is not between 1 and 65536 (KiB)`, func(c *auditlog.Config) { c.MaxBodySizeKiB = 0 }},
		{`max_body_size_kib: 70000 is not between 1 and 65536 (KiB)`, func(c *auditlog.Config) { c.MaxBodySizeKiB = 70000 }},
		{`resource::service_names: "nova": "": neither side may be empty`,
			func(c *auditlog.Config) { c.Resource.ServiceNames = map[string]string{"nova": ""} }},
		{"body: \"x\" is none of summary, original, none\n" +
			`observed_time: "y" is none of receipt, notification`, func(c *auditlog.Config) { c.Body, c.ObservedTime = "x", "y" }},
	} {
		config := configured(test.change)
		require.EqualError(t, config.Check(), test.want)
	}
}

func TestDroppedAttributes(t *testing.T) {
	var members strings.Builder
	for i := range 40 {
		fmt.Fprintf(&members, `,"f%d":%d`, i, i)
	}
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	body := notification("identity.user.created", event(`"outcome":"success"`+members.String()))
	logs, stats := mapper.Logs([]auditlog.Record{mapper.Read(auditlog.Message{Body: []byte(body)})})
	line := lines(logs)[0]
	require.EqualValues(t, 8, line.Dropped)
	require.Equal(t, 1, stats.Truncated)
	want{audit.AttrAuditTruncated: true, "openstack.notification.extra.f31": "31", "openstack.notification.extra.f32": nil}.check(t, line)
}

// Elasticsearch refuses a document with a field that has no name.
func TestMembersWithoutAName(t *testing.T) {
	body := notification("audit.cadf", event(`"outcome":"success","":"a","initiator":{"":"b","geolocation":{"":"c"," `+
		`":"d","x..y":"e",".z":"f","g.h":"g"}},`+
		`"measurements":[{"":"h"}],"attachments":[{"":"i"}],"target":{"":"j"}`))
	line := byDefault(t, body)
	require.Equal(t, map[string]any{"_": "d", "_x__y": "e", "__z": "f", "g.h": "g"}, line.Attributes[audit.AttrInitiatorGeolocation])
	require.Equal(t, []any{map[string]any{"_": "h"}}, line.Attributes[audit.AttrMeasurements])
	for key := range line.Attributes {
		require.NotContains(t, strings.Split(key, "."), "")
	}
	text := everything(t, line)
	for _, value := range []string{`"a"`, `"b"`, `"j"`} {
		require.Contains(t, text, value)
	}
	require.NotContains(t, text, `"":`)
	original := one(t, configured(func(c *auditlog.Config) { c.Body = auditlog.BodyOriginal }), body)
	require.NotContains(t, everything(t, original), `"":`)
	require.Equal(t, "a", original.Body.(map[string]any)["_"])
}
