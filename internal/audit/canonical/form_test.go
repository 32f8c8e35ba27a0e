package canonical_test

import (
	"crypto/sha256"
	"encoding/json"
	"math"
	"testing"

	"github.com/gowebpki/jcs"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
)

func newRecord(fill func(pcommon.Map, pcommon.InstrumentationScope, plog.LogRecord)) record {
	r := record{pcommon.NewResource(), pcommon.NewInstrumentationScope(), plog.NewLogRecord()}
	fill(r.resource.Attributes(), r.scope, r.record)
	return r
}

func text(r record) string {
	form := canonical.NewForm()
	form.Record(r.resource, r.scope, r.record)
	return string(form.Append(nil))
}

func TestText(t *testing.T) {
	for _, test := range []struct {
		name string
		fill func(resource pcommon.Map, scope pcommon.InstrumentationScope, record plog.LogRecord)
		want string
	}{
		{"empty", func(pcommon.Map, pcommon.InstrumentationScope, plog.LogRecord) {}, `{}`},
		{"every field", func(_ pcommon.Map, scope pcommon.InstrumentationScope, record plog.LogRecord) {
			scope.SetName("scope")
			scope.SetVersion("1.0")
			record.SetTimestamp(1_700_000_000_000_071_000)
			record.SetObservedTimestamp(1_700_000_000_000_071_001)
			record.SetSeverityNumber(plog.SeverityNumberInfo)
			record.SetSeverityText("INFO")
			record.SetTraceID([16]byte{0xab, 15: 0xcd})
			record.SetSpanID([8]byte{0xef, 7: 1})
			record.SetFlags(1)
			record.SetDroppedAttributesCount(3)
			record.SetEventName("not in it")
			record.Body().SetStr("body")
		}, `{".body":"body",".dropped_attributes_count":"3",".flags":"1",".observed_timestamp":"1700000000000071001",".scope_name":"scope",` +
			`".scope_version":"1.0",".severity_number":"9",".severity_text":"INFO",".span_id":"ef00000000000001",".time":"1700000000000071000",` +
			`".trace_id":"ab0000000000000000000000000000cd"}`},
		{"the observed time if there is no other", func(_ pcommon.Map, _ pcommon.InstrumentationScope, record plog.LogRecord) {
			record.SetObservedTimestamp(7)
		}, `{".observed_timestamp":"7",".time":"7"}`},
		{"one namespace, sorted", func(resource pcommon.Map, scope pcommon.InstrumentationScope, record plog.LogRecord) {
			resource.PutStr("b", "resource")
			scope.Attributes().PutStr("a", "scope")
			record.Attributes().PutStr("B", "record")
			record.Body().SetStr("body")
		}, `{".body":"body","B":"record","a":"scope","b":"resource"}`},
		{"names", func(_ pcommon.Map, _ pcommon.InstrumentationScope, record plog.LogRecord) {
			for _, key := range []string{"user.name", "a--b", "a__c", "é", "7up", ".7", "x.", "__reserved__", "\x00"} {
				record.Attributes().PutStr(key, "v")
			}
		}, `{"_":["v","v"],"_7":"v","_reserved_":"v","a_b":"v","a_c":"v","key_7up":"v","user_name":"v","x_":"v"}`},
		{"maps are flattened", func(_ pcommon.Map, _ pcommon.InstrumentationScope, record plog.LogRecord) {
			outer := record.Attributes().PutEmptyMap("1a.b")
			outer.PutStr("c", "v")
			outer.PutEmptyMap("d").PutInt("9", 1)
			outer.PutEmptyMap("empty")
		}, `{"key_1a_b_c":"v","key_1a_b_d_9":"1"}`},
		{"values", func(_ pcommon.Map, _ pcommon.InstrumentationScope, record plog.LogRecord) {
			a := record.Attributes()
			a.PutInt("int", math.MinInt64)
			a.PutDouble("double", 1)
			a.PutDouble("half", 0.25)
			a.PutDouble("large", 1e21)
			a.PutDouble("small", 1e-7)
			a.PutBool("bool", false)
			a.PutEmptyBytes("bytes").FromRaw([]byte{1, 2, 255})
			s := a.PutEmptySlice("slice")
			s.AppendEmpty().SetStr("<b>")
			s.AppendEmpty().SetDouble(2)
			s.AppendEmpty().SetEmptyMap().PutStr("k.k", "v")
			s.AppendEmpty()
			a.PutEmptySlice("no elements")
		}, `{"bool":"false","bytes":"AQL/","double":"1","half":"0.25","int":"-9223372036854775808","large":"1e+21","no_elements":"[]",` +
			`"slice":"[\"<b>\",2,{\"k.k\":\"v\"},null]","small":"1e-7"}`},
		{"empty values are left out", func(resource pcommon.Map, _ pcommon.InstrumentationScope, record plog.LogRecord) {
			resource.PutStr("a", "")
			record.Attributes().PutEmpty("b")
			record.Attributes().PutEmptyBytes("c")
			record.Body().SetStr("")
		}, `{}`},
		{"escapes", func(_ pcommon.Map, _ pcommon.InstrumentationScope, record plog.LogRecord) {
			record.Attributes().PutStr("a", "\"\\\b\f\n\r\t\x00\x1f\x7f/<>&'")
			record.Attributes().PutStr("b", "€\u2028😀")
			record.Attributes().PutStr("c", "0123456789abcdef\"0123456")
		}, `{"a":"\"\\\b\f\n\r\t\u0000\u001f` + "\x7f" + `/<>&'","b":"€` + "\u2028" + `😀","c":"0123456789abcdef\"0123456"}`},
		{"what is no UTF-8 is a space", func(_ pcommon.Map, _ pcommon.InstrumentationScope, record plog.LogRecord) {
			record.Attributes().PutStr("a", "x\uFFFDy\xff\xfez")
			record.Body().SetStr("\xf0\x9f")
		}, `{".body":"  ","a":"x y  z"}`},
		{"a name that occurs twice is a sorted array", func(resource pcommon.Map, scope pcommon.InstrumentationScope, record plog.LogRecord) {
			resource.PutStr("a.b", "2")
			scope.Attributes().PutStr("a_b", "10")
			record.Attributes().PutStr("a-b", "\xff1")
			record.Attributes().PutStr("a b", "")
			record.Attributes().PutStr("a_b", "2")
		}, `{"a_b":[" 1","10","2","2"]}`},
		{"the embedded text is not in it", func(_ pcommon.Map, _ pcommon.InstrumentationScope, record plog.LogRecord) {
			record.Attributes().PutStr(canonical.EmbedAttribute, "{}")
			record.Attributes().PutStr("a", "b")
		}, `{"a":"b"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, text(newRecord(test.fill)))
		})
	}
}

func TestHash(t *testing.T) {
	r := newRecord(func(_ pcommon.Map, _ pcommon.InstrumentationScope, record plog.LogRecord) { record.Body().SetStr("x") })
	form := canonical.NewForm()
	form.Record(r.resource, r.scope, r.record)
	sum, hashed := form.Hash()
	require.JSONEq(t, `{".body":"x"}`, string(hashed))
	require.Equal(t, sha256.Sum256([]byte("openstack-audit-evidence/v1\n{\".body\":\"x\"}")), sum)
	require.Equal(t, sum, canonical.Hash(hashed))
}

// A form that served another record has nothing left of it.
func TestFormIsReused(t *testing.T) {
	form := canonical.NewForm()
	for _, r := range capturedRecords(t)[:200] {
		form.Record(r.resource, r.scope, r.record)
		require.Equal(t, text(r), string(form.Append(nil)))
	}
}

// The texts are what an independent implementation of RFC 8785 makes of the same object.
func TestTextIsRFC8785(t *testing.T) {
	for _, r := range capturedRecords(t) {
		requireRFC8785(t, text(r))
	}
}

func requireRFC8785(t testing.TB, text string) {
	t.Helper()
	require.True(t, json.Valid([]byte(text)), text)
	transformed, err := jcs.Transform([]byte(text))
	require.NoError(t, err, text)
	require.Equal(t, string(transformed), text)
}

func FuzzText(f *testing.F) {
	f.Add("user.name", "alice", "a-b", "\x00\xff\uFFFD\"")
	f.Add("", "", "7", "\u2028\U0010ffff")
	f.Fuzz(func(t *testing.T, resourceKey, resourceValue, key, value string) {
		requireRFC8785(t, text(newRecord(func(resource pcommon.Map, _ pcommon.InstrumentationScope, record plog.LogRecord) {
			resource.PutStr(resourceKey, resourceValue)
			record.Attributes().PutStr(key, value)
			record.Attributes().PutEmptyMap("m").PutStr(key, value)
			record.Body().SetStr(value)
		})))
		require.Equal(t, canonical.Name(key), canonical.Name(canonical.Name(key)))
	})
}
