package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/export"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/exporttest"
)

// backends write records in each of the formats.
var backends = []struct {
	format export.Format
	write  func(testing.TB, plog.Logs) []exporttest.Document
}{
	{export.Loki, exporttest.Loki}, {export.Elasticsearch, exporttest.Elasticsearch}, {export.OTLP, exporttest.OTLP},
}

// hashes are those of the records in the pipeline.
func hashes(logs plog.Logs) (all [][32]byte) {
	form := canonical.NewForm()
	for lr, in := range audit.Records(logs) {
		form.Record(in.Resource, in.Scope, lr)
		sum, _ := form.Hash()
		all = append(all, sum)
	}
	return all
}

// readBack are the hashes that each record in an export may have had.
func readBack(t testing.TB, format export.Format, documents []exporttest.Document) (all [][][32]byte) {
	t.Helper()
	reader := export.NewReader(format)
	for _, document := range documents {
		data, err := json.Marshal(document)
		require.NoError(t, err)
		require.NoError(t, reader.Read(data, func(record export.Record) {
			var possible [][32]byte
			for hash := range record.Hashes {
				possible = append(possible, hash)
			}
			all = append(all, possible)
		}))
	}
	return all
}

func requireSame(t testing.TB, logs plog.Logs) {
	t.Helper()
	want := hashes(logs)
	for _, backend := range backends {
		documents := backend.write(t, logs)
		have := readBack(t, backend.format, documents)
		require.Len(t, have, len(want), backend.format)
		for i := range want {
			if !slices.Contains(have[i], want[i]) {
				written, _ := json.Marshal(documents[i])
				require.Fail(t, "another hash", "%s: %s", backend.format, written)
			}
		}
	}
}

func TestCapturedRecordsReadBack(t *testing.T) {
	logs := auditlogtest.Captured(t)
	require.Equal(t, 850, logs.LogRecordCount())
	requireSame(t, logs)
}

func TestEveryFieldReadsBack(t *testing.T) {
	for _, test := range []struct {
		name string
		fill func(lr plog.LogRecord)
	}{
		{"only the observed time", func(lr plog.LogRecord) { lr.SetTimestamp(0) }},
		{"no observed time", func(lr plog.LogRecord) { lr.SetObservedTimestamp(0) }},
		{"the same time twice", func(lr plog.LogRecord) { lr.SetObservedTimestamp(lr.Timestamp()) }},
		{"71 microseconds", func(lr plog.LogRecord) { lr.SetTimestamp(1_700_000_000_000_071_000) }},
		{"one nanosecond", func(lr plog.LogRecord) { lr.SetTimestamp(1_700_000_000_000_000_001) }},
		{"a sampled trace", func(lr plog.LogRecord) {
			lr.SetTraceID([16]byte{1})
			lr.SetSpanID([8]byte{2})
			lr.SetFlags(1)
		}},
		{"a trace that is not sampled", func(lr plog.LogRecord) { lr.SetTraceID([16]byte{1}) }},
		{"dropped attributes", func(lr plog.LogRecord) { lr.SetDroppedAttributesCount(7) }},
		{"no body", func(lr plog.LogRecord) { lr.Body().SetStr("") }},
		{"a body of several values", func(lr plog.LogRecord) {
			body := lr.Body().SetEmptyMap()
			body.PutStr("b", "<&>")
			body.PutInt("a", 1)
			body.PutEmptyMap("c.d").PutDouble("e", 2)
		}},
		{"a number for a body", func(lr plog.LogRecord) { lr.Body().SetDouble(3) }},
		{"numbers", func(lr plog.LogRecord) {
			for i, number := range []float64{0, 1, -1, 0.1, 1e6, 1e20, 1e21, 1.5e300, 5e-324, 1e-6, 1e-7, math.MaxFloat64, math.Copysign(0, -1)} {
				lr.Attributes().PutDouble("d"+string(rune('a'+i)), number)
			}
			lr.Attributes().PutInt("max", math.MaxInt64)
			lr.Attributes().PutInt("min", math.MinInt64)
		}},
		{"values within values", func(lr plog.LogRecord) {
			outer := lr.Attributes().PutEmptySlice("outer")
			outer.AppendEmpty().SetEmptySlice().AppendEmpty().SetDouble(1e21)
			inner := outer.AppendEmpty().SetEmptyMap()
			inner.PutStr("z", "\u2028<>&\x7f\"\\\t")
			inner.PutBool("a", true)
			inner.PutEmpty("nothing")
			lr.Attributes().PutEmptyMap("map").PutEmptyMap("in.a").PutEmptySlice("map")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			logs := newLogs()
			test.fill(logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0))
			requireSame(t, logs)
		})
	}
}

func newLogs() plog.Logs {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "keystone")
	scope := resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName("scope")
	lr := scope.LogRecords().AppendEmpty()
	lr.SetTimestamp(1_700_000_000_123_456_789)
	lr.SetObservedTimestamp(1_700_000_001_000_000_000)
	lr.Body().SetStr("body")
	lr.Attributes().PutStr("log.record.uid", "f056ca10-bb1e-437a-a8dc-9f566ffa0589")
	return logs
}

func FuzzReadBack(f *testing.F) {
	f.Add("user.name", "alice", "7.up", "\x00\xff\uFFFD\"", 1.5, int64(7), uint64(1_700_000_000_000_071_000), uint64(0))
	f.Add("", "", "_", "\u2028\U0010ffff<>", 1e21, int64(math.MinInt64), uint64(0), uint64(5))
	f.Fuzz(func(t *testing.T, key, value, innerKey, innerValue string, double float64, whole int64, at, observed uint64) {
		// Times and names that a backend does not accept, and names that it makes the same.
		for _, name := range []string{canonical.Name(key), canonical.Name(innerKey)} {
			if strings.Trim(name, "_") == "" || len(name) < 3 || reserved[name] {
				t.Skip()
			}
		}
		if canonical.Name(key) == canonical.Name(innerKey) || at >= 1<<62 || observed >= 1<<62 || math.IsNaN(double) || math.IsInf(double, 0) {
			t.Skip()
		}
		logs := newLogs()
		logs.ResourceLogs().At(0).Resource().Attributes().PutStr(innerKey, value)
		lr := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
		lr.SetTimestamp(pcommon.Timestamp(at))
		lr.SetObservedTimestamp(pcommon.Timestamp(observed))
		lr.Body().SetStr(innerValue)
		lr.Attributes().PutStr(key, value)
		inner := lr.Attributes().PutEmptyMap("zz.map")
		inner.PutDouble(key, double)
		inner.PutInt(innerKey, whole)
		elements := lr.Attributes().PutEmptySlice("zz.slice")
		// Within a slice AsString escapes what is no UTF-8, which Elasticsearch does not tell from U+FFFD.
		elements.AppendEmpty().SetStr(strings.ToValidUTF8(innerValue, ""))
		elements.AppendEmpty().SetDouble(double)
		elements.AppendEmpty().SetEmptyMap().PutStr("k", strings.ToValidUTF8(value, ""))
		requireSame(t, logs)
	})
}

// reserved are names that Loki or Elasticsearch gives to something else.
var reserved = map[string]bool{
	"service_name": true, "log_record_uid": true, "detected_level": true, "observed_timestamp": true, "severity_number": true,
	"severity_text": true,
	"trace_id":      true, "span_id": true, "flags": true, "dropped_attributes_count": true, "scope_name": true, "scope_version": true,
	"scope_dropped_attributes_count": true, "openstack_audit_canonical": true, "_error_": true, "_error_details_": true,
	"_preserve_error_": true,
	"_stream_shard_":   true, "_time_shard_": true,
}

// The same records in every form in which they may be exported.
func TestForms(t *testing.T) {
	logs := auditlogtest.Captured(t)
	want := map[[32]byte]int{}
	for _, hash := range hashes(logs) {
		want[hash]++
	}
	lines := exporttest.Loki(t, logs)
	documents := exporttest.Elasticsearch(t, logs)
	var streams, categorized, hits []any
	for i := range lines {
		at := nanoseconds(logs, i)
		streams = append(streams, map[string]any{"stream": lines[i]["labels"], "values": []any{[]any{at, lines[i]["line"]}}})
		categorized = append(categorized, map[string]any{
			"stream": map[string]any{}, "values": []any{[]any{at, lines[i]["line"], map[string]any{
				"structuredMetadata": lines[i]["labels"], "parsed": map[string]any{"level": "info"},
			}}},
		})
		hits = append(hits, map[string]any{"_index": "logs", "_id": "1", "_source": documents[i]})
	}
	answer := func(streams []any) any {
		return map[string]any{"status": "success", "data": map[string]any{"resultType": "streams", "result": streams, "stats": map[string]any{}}}
	}
	page := func(hits []any) any {
		return map[string]any{"_scroll_id": "x", "hits": map[string]any{"total": 850, "hits": hits}}
	}
	for _, test := range []struct {
		name   string
		format export.Format
		values []any
		indent string
	}{
		{"an answer of query_range", export.Loki, []any{answer(streams)}, ""},
		{"an indented answer of query_range", export.Loki, []any{answer(streams)}, "  "},
		{"two answers", export.Loki, []any{answer(streams[:400]), answer(streams[400:])}, ""},
		{"categorized labels", export.Loki, []any{answer(categorized)}, " "},
		{"an array of hits", export.Elasticsearch, []any{hits}, ""},
		{"an indented array of hits", export.Elasticsearch, []any{hits}, "  "},
		{"scroll output", export.Elasticsearch, []any{page(hits[:300]), page(hits[300:600]), page(hits[600:]), page(nil)}, ""},
		{"indented scroll output", export.Elasticsearch, []any{page(hits[:300]), page(hits[300:])}, "\t"},
		{"a hit a line", export.Elasticsearch, hits, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var written bytes.Buffer
			encoder := json.NewEncoder(&written)
			encoder.SetIndent("", test.indent)
			for _, value := range test.values {
				require.NoError(t, encoder.Encode(value))
			}
			var mu sync.Mutex
			have := map[[32]byte]int{}
			source := func(_ context.Context, yield func([]byte) error) error { return export.Values(&written, yield) }
			require.NoError(t, export.ReadAll(t.Context(), test.format, source, func(record export.Record) {
				mu.Lock()
				defer mu.Unlock()
				for hash := range record.Hashes {
					if want[hash] > 0 {
						have[hash]++
						break
					}
				}
			}, func(err error) { t.Error(err) }))
			require.Equal(t, want, have)
		})
	}
}

// nanoseconds is the time of a record, as Loki writes it.
func nanoseconds(logs plog.Logs, i int) string {
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			if i < sl.LogRecords().Len() {
				lr := sl.LogRecords().At(i)
				if lr.Timestamp() == 0 {
					return strconv.FormatUint(uint64(lr.ObservedTimestamp()), 10)
				}
				return strconv.FormatUint(uint64(lr.Timestamp()), 10)
			}
			i -= sl.LogRecords().Len()
		}
	}
	return ""
}
