package auditlog_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// The bounds of a record with its resource and scope.
const (
	mostAttributes  = 100
	mostBytes       = 48 << 10
	mostOfAValue    = 2 << 10
	mostOfAName     = 1 << 10
	mostElements    = 32
	mostOfASentence = 4 << 10
)

// names are what is bounded as a name.
var names = map[string]bool{
	audit.AttrUserName: true, audit.AttrUserDomainName: true, audit.AttrProjectName: true, audit.AttrProjectDomainName: true,
	audit.AttrDomainName: true, audit.AttrTargetName: true, audit.AttrCADFTargetName: true, audit.AttrObserverName: true,
	audit.AttrEventName: true, audit.AttrURLPath: true, audit.AttrURLQuery: true, audit.AttrUserAgentOriginal: true,
	audit.AttrServiceName: true, audit.AttrHostName: true,
}

// bounds holds a record against what is promised of each.
type bounds struct {
	testing.TB
	count, bytes int
}

func (b *bounds) attributes(attributes pcommon.Map) {
	for key, value := range attributes.All() {
		b.count++
		limit := mostOfAValue
		if names[key] {
			limit = mostOfAName
		}
		if key != audit.AttrRecordOriginal { // bounded by max_body_size_kib
			b.value(key, value, limit)
		}
	}
}

func (b *bounds) value(key string, value pcommon.Value, limit int) {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		b.bytes += len(value.Str())
		if len(value.Str()) > limit || !utf8.ValidString(value.Str()) || value.Str() == "" {
			b.Fatalf("%s: %d bytes, or no UTF-8, or empty", key, len(value.Str()))
		}
	case pcommon.ValueTypeSlice:
		if value.Slice().Len() > mostElements {
			b.Fatalf("%s: %d elements", key, value.Slice().Len())
		}
		for _, element := range value.Slice().All() {
			b.value(key, element, limit)
		}
	case pcommon.ValueTypeMap:
		if value.Map().Len() > mostElements {
			b.Fatalf("%s: %d members", key, value.Map().Len())
		}
		for member, element := range value.Map().All() {
			b.bytes += len(member)
			b.value(key, element, limit)
		}
	default:
		b.bytes += 8
	}
}

func checkBounds(t testing.TB, logs plog.Logs, config *auditlog.Config) {
	t.Helper()
	for lr, in := range audit.Records(logs) {
		b := bounds{TB: t}
		b.attributes(in.Resource.Attributes())
		b.attributes(in.Scope.Attributes())
		b.attributes(lr.Attributes())
		if b.count > mostAttributes || b.bytes > mostBytes {
			t.Fatalf("%d attributes of %d bytes", b.count, b.bytes)
		}
		checkRecord(t, lr, config)
		all := pcommon.NewMap()
		for _, m := range []pcommon.Map{in.Resource.Attributes(), in.Scope.Attributes(), lr.Attributes()} {
			for key, value := range m.All() {
				value.CopyTo(all.PutEmpty(key))
			}
		}
		checkKeys(t, all)
	}
}

func checkRecord(t testing.TB, lr plog.LogRecord, config *auditlog.Config) {
	t.Helper()
	if len(lr.EventName()) > 128 || len(lr.SeverityText()) > mostOfAName {
		t.Fatalf("event name of %d bytes, severity text of %d", len(lr.EventName()), len(lr.SeverityText()))
	}
	if strings.ContainsFunc(lr.EventName(), func(r rune) bool {
		return r != '.' && r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}) {
		t.Fatalf("event name %q", lr.EventName())
	}
	if _, truncated := lr.Attributes().Get(audit.AttrAuditTruncated); !truncated && lr.DroppedAttributesCount() > 0 {
		t.Fatal("attributes were dropped, and nothing says so")
	}
	if uid, ok := lr.Attributes().Get(audit.AttrRecordUID); !ok || uid.Str() == "" || len(uid.Str()) > 512 {
		t.Fatalf("record id %q: Elasticsearch takes 512 bytes", uid.Str())
	}
	if lr.Timestamp() > 1<<63 {
		t.Fatalf("time %d", lr.Timestamp())
	}
	if _, audit := lr.Attributes().Get(audit.AttrAuditOutcome); !audit || config.Body != auditlog.BodySummary {
		if len(lr.Body().Str()) > config.MaxBodySizeKiB<<10 {
			t.Fatalf("body of %d bytes", len(lr.Body().Str()))
		}
		return
	}
	sentence := lr.Body().Str()
	if len(sentence) > mostOfASentence || sentence == "" || !utf8.ValidString(sentence) {
		t.Fatalf("sentence of %d bytes", len(sentence))
	}
	for _, r := range sentence {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			t.Fatalf("%q", sentence)
		}
	}
}

// checkKeys holds that no name is the namespace of another, which Elasticsearch
// refuses, and that none collide once Loki has written dots as underscores.
func checkKeys(t testing.TB, attributes pcommon.Map) {
	t.Helper()
	underscored := map[string]string{}
	for key := range attributes.All() {
		flat := strings.ReplaceAll(key, ".", "_")
		if other, taken := underscored[flat]; taken {
			t.Fatalf("%s and %s are one label", key, other)
		}
		underscored[flat] = key
		for i := range key {
			if key[i] != '.' {
				continue
			}
			if _, taken := attributes.Get(key[:i]); taken {
				t.Fatalf("%s is a namespace of %s", key[:i], key)
			}
		}
	}
}

// Every way in which a field can be too long.
func TestBounds(t *testing.T) {
	long := strings.Repeat("山: ", 3000)
	many := strings.TrimSuffix(strings.Repeat(`{"name":"`+long[:600]+`","typeURI":"t","content":"`+long+`"},`, 40), ",")
	var extras strings.Builder
	for i := range 80 {
		extras.WriteString(`,"` + strings.Repeat("k", 200+i) + `":"` + long + `"`)
	}
	body := func(members string) string {
		return `{"message_id":"` + long + `","publisher_id":"` + long + `","priority":"` + long + `","timestamp":"` + long +
			`","event_type":"audit.` + long + `","payload":` + event(members) + `}`
	}
	resource := `"id":"` + long + `","typeURI":"` + long + `","name":"` + long + `"`
	for _, test := range []struct{ name, text string }{
		{"resources", body(`"outcome":"` + long + `","initiator":{` + resource + `,"host":{"address":"` + long + `","agent":"` + long +
			`"}},"target":{` + resource + `},"observer":{` + resource + `}`)},
		{"extras", body(`"action":"x"` + extras.String())},
		{"attachments", body(`"attachments":[` + many + `],"target":{"attachments":[` + many + `],"addresses":[` +
			strings.ReplaceAll(many, "typeURI", "url") + `]}`)},
		{"lists", body(`"tags":[` + strings.TrimSuffix(strings.Repeat(`"`+long+`",`, 40), ",") + `],"measurements":[` + many +
			`],"reporterchain":[` + strings.ReplaceAll(many, "typeURI", "role") + `]`)},
		{"path", body(`"requestPath":"/` + long + `?` + long + `"`)},
		{"raw", long + long},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := configured(func(c *auditlog.Config) { c.MaxBodySizeKiB = 8 })
			mapper := auditlog.NewMapper(config, "1")
			logs, stats := mapper.Logs([]auditlog.Record{mapper.Read(auditlog.Message{Body: []byte(test.text)})})
			checkBounds(t, logs, &config)
			require.Equal(t, 1, stats.Truncated)
			require.Equal(t, true, lines(logs)[0].Attributes[audit.AttrAuditTruncated])
		})
	}
}

// Nothing of the captures is too long: no mark where nothing was cut.
func TestNothingOfTheCapturesIsCut(t *testing.T) {
	for _, capture := range []string{"amqp-keystone-messagingv2", "amqp-audit-middleware", "amqp-audit-middleware-sapcc"} {
		config := auditlog.NewDefaultConfig()
		mapper := auditlog.NewMapper(config, "1")
		var records []auditlog.Record
		for _, message := range readCapture(t, capture) {
			records = append(records, mapper.Read(message))
		}
		logs, stats := mapper.Logs(records)
		require.Zero(t, stats.Truncated)
		checkBounds(t, logs, &config)
		for _, line := range lines(logs) {
			require.NotContains(t, line.Attributes, audit.AttrAuditTruncated)
			require.Zero(t, line.Dropped)
		}
	}
}
