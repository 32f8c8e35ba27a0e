package openstackauditprocessor

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/testdata"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditprocessor/internal/metadatatest"
)

// Each shape in which a record can bring a notification.
func TestTheSameRecordFromEveryShape(t *testing.T) {
	envelope, err := json.Marshal(map[string]string{"oslo.version": "2.0", "oslo.message": notification})
	require.NoError(t, err)
	parsed := func(text string) map[string]any {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &m))
		return m
	}
	const logger = "oslo.messaging.notification.identity.user.created"
	plain := strings.Replace(line, line[strings.Index(line, "[None"):strings.Index(line, " {")], "[-]", 1)
	useJSON := map[string]any{"message": notification, "levelname": "INFO", "name": logger, "funcname": "notify"}
	want := auditlogtest.Lines(fromTheWire(t, string(envelope)))
	require.Len(t, want, 1)
	notifications := func(c *Config) { c.Content = ContentNotifications }

	for _, tc := range []struct {
		name   string
		config func(*Config)
		record func(plog.LogRecord)
		plain  bool
	}{
		{"line", nil, func(lr plog.LogRecord) { lr.Body().SetStr(plain) }, true},
		{"line, bytes", nil, func(lr plog.LogRecord) { lr.Body().SetEmptyBytes().FromRaw([]byte(plain)) }, true},
		{"use_json", nil, func(lr plog.LogRecord) { lr.Body().SetStr(string(mustJSON(t, useJSON))) }, false},
		{"use_json, parsed", nil, func(lr plog.LogRecord) { _ = lr.Body().FromRaw(useJSON) }, false},
		{"use_json, parsed into attributes", nil, func(lr plog.LogRecord) {
			lr.Body().SetStr(string(mustJSON(t, useJSON)))
			_ = lr.Attributes().FromRaw(useJSON)
		}, false},
		{"journald", nil, func(lr plog.LogRecord) { _ = lr.Body().FromRaw(map[string]any{"MESSAGE": plain, "_PID": "1"}) }, true},
		{"journald, bytes", nil, func(lr plog.LogRecord) { _ = lr.Body().FromRaw(map[string]any{"MESSAGE": numbers(plain)}) }, true},
		{"use_journal", nil, func(lr plog.LogRecord) {
			_ = lr.Body().FromRaw(map[string]any{"MESSAGE": plain, "LOGGER_NAME": logger})
		}, false},
		{"kubernetes, three layers", nil, func(lr plog.LogRecord) {
			_ = lr.Body().FromRaw(map[string]any{"log": `{"log": ` + string(mustJSON(t, plain+"\n")) + `}`,
				"kubernetes": map[string]any{"pod_name": "keystone"}})
		}, true},
		{"attribute", nil, func(lr plog.LogRecord) { lr.Attributes().PutStr("MESSAGE", plain) }, true},
		{"attribute beside a body", nil, func(lr plog.LogRecord) {
			lr.Body().SetStr("keystone")
			lr.Attributes().PutStr("log", plain)
			lr.Attributes().PutStr("log.file.path", "/var/log/keystone/keystone.log")
		}, true},
		{"fluent formatter, fields in attributes", nil, func(lr plog.LogRecord) {
			lr.Body().SetStr(notification)
			lr.Attributes().PutStr("level", "INFO")
			lr.Attributes().PutStr("name", logger)
			lr.Attributes().PutStr("funcname", "notify")
			lr.Attributes().PutStr("message", "ignored")
		}, false},
		{"envelope, string", notifications, func(lr plog.LogRecord) { lr.Body().SetStr(string(envelope)) }, false},
		{"envelope, bytes", notifications, func(lr plog.LogRecord) { lr.Body().SetEmptyBytes().FromRaw(envelope) }, false},
		{"envelope, parsed", notifications, func(lr plog.LogRecord) { _ = lr.Body().FromRaw(parsed(string(envelope))) }, false},
		{"notification, parsed", notifications, func(lr plog.LogRecord) { _ = lr.Body().FromRaw(parsed(notification)) }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t, tc.config)
			logs := logsOf(t, nil)
			_, lr := first(t, logs)
			tc.record(lr)
			got := auditlogtest.Lines(h.consume(t, logs))
			require.Len(t, got, 1)
			_, plain := got[0].Attributes[audit.AttrNotificationPlainText]
			assert.Equal(t, tc.plain, plain, "it says that it is from plain text")
			delete(got[0].Attributes, audit.AttrNotificationPlainText)
			assert.Equal(t, want, got)
		})
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}

func numbers(text string) (list []any) {
	for i := range len(text) {
		list = append(list, int64(text[i]))
	}
	return list
}

func TestTheLineNamesTheActor(t *testing.T) {
	h := newHarness(t, nil)
	_, lr := first(t, h.consume(t, logsOf(t, line)))
	user, _ := lr.Attributes().Get(audit.AttrUserID)
	assert.Equal(t, "906fbdac4e9b4d878493ad7f4158ef18", user.Str())

	logs := logsOf(t, notification)
	_, lr = first(t, logs)
	lr.Attributes().PutStr("name", "oslo.messaging.notification.identity.user.created")
	lr.Attributes().PutStr("funcname", "notify")
	lr.Attributes().PutStr("hostname", "ctl09")
	context := lr.Attributes().PutEmptyMap("context")
	context.PutStr("user", "u1")
	_, lr = first(t, h.consume(t, logs))
	user, _ = lr.Attributes().Get(audit.AttrUserID)
	assert.Equal(t, "u1", user.Str())
}

func TestUnmatched(t *testing.T) {
	for policy, want := range map[auditlog.KeepOrDrop]int{auditlog.Drop: 0, auditlog.Keep: 4} {
		h := newHarness(t, func(c *Config) { c.Unmatched = policy })
		logs := logsOf(t, ordinary, map[string]any{"message": ordinary}, nil, []any{"event_type"})
		before := plog.NewLogs()
		logs.CopyTo(before)
		got := h.consume(t, logs)
		assert.Equal(t, want, got.LogRecordCount())
		if policy == auditlog.Keep {
			assert.Equal(t, before, got, "what is kept is not touched")
		} else {
			assert.Empty(t, h.sink.AllLogs(), "nothing is sent on where nothing is left")
		}
	}
}

func TestMatchedAndUnmatchedTogether(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.Unmatched = auditlog.Keep })
	got := h.consume(t, logsOf(t, ordinary, line, ordinary, native))
	require.Equal(t, 4, got.LogRecordCount())
	lines := auditlogtest.Lines(got)
	assert.Equal(t, ordinary, lines[0].Body)
	assert.Equal(t, ordinary, lines[1].Body)
	assert.Equal(t, "openstack.identity.user.created", lines[2].EventName)
	assert.Equal(t, "openstack.audit.cadf", lines[3].EventName)
	assert.Equal(t, "WARNING", lines[3].Text, "a native line has its own level")
	assert.Equal(t, map[string]any{"encoding.format": "openstack.audit_log"}, lines[3].Scope)
}

// In one pipeline may be records of the receiver, or of a Collector before this one.
func TestAuditRecordsPass(t *testing.T) {
	h := newHarness(t, nil)
	logs := fromTheWire(t, notification)
	before := plog.NewLogs()
	logs.CopyTo(before)
	assert.Equal(t, before, h.consume(t, logs))
}

func TestTheResourceIsKept(t *testing.T) {
	h := newHarness(t, nil)
	logs := logsOf(t, line, strings.Replace(native, "'compute/server'", "'unknown'", 1))
	theirs := logs.ResourceLogs().At(0).Resource().Attributes()
	theirs.PutStr("k8s.pod.name", "keystone-api-0")
	theirs.PutStr("host.name", "node7")
	theirs.PutStr("service.name", "pod-app")
	got := h.consume(t, logs)
	require.Equal(t, 2, got.ResourceLogs().Len())
	assert.Equal(t, map[string]any{
		"k8s.pod.name": "keystone-api-0", "host.name": "ctl01", "service.name": "keystone", "service.namespace": "openstack",
		"openstack.service.type": "identity", "cloud.provider": "openstack",
	}, got.ResourceLogs().At(0).Resource().Attributes().AsRaw())
	assert.Equal(t, map[string]any{
		"k8s.pod.name": "keystone-api-0", "host.name": "node7", "service.name": "pod-app", "service.namespace": "openstack",
		"cloud.provider": "openstack",
	}, got.ResourceLogs().At(1).Resource().Attributes().AsRaw())
}

func TestResourcesStayApart(t *testing.T) {
	h := newHarness(t, nil)
	logs := logsOf(t, line)
	logs.ResourceLogs().At(0).Resource().Attributes().PutStr("k8s.pod.name", "a")
	logsOf(t, line).ResourceLogs().MoveAndAppendTo(logs.ResourceLogs())
	logs.ResourceLogs().At(1).Resource().Attributes().PutStr("k8s.pod.name", "b")
	got := auditlogtest.Lines(h.consume(t, logs))
	require.Len(t, got, 2)
	assert.Equal(t, "a", got[0].Resource["k8s.pod.name"])
	assert.Equal(t, "b", got[1].Resource["k8s.pod.name"])
}

func TestTimeAndTraceOfTheRecordAreRespected(t *testing.T) {
	h := newHarness(t, nil)
	logs := logsOf(t, line)
	_, lr := first(t, logs)
	trace, span := pcommon.TraceID{1, 2, 3}, pcommon.SpanID{4, 5}
	lr.SetTraceID(trace)
	lr.SetSpanID(span)
	lr.SetFlags(plog.DefaultLogRecordFlags.WithIsSampled(true))
	lr.Attributes().PutStr("log.file.path", "/var/log/keystone/keystone.log")
	_, got := first(t, h.consume(t, logs))
	assert.Equal(t, received, got.ObservedTimestamp().AsTime())
	assert.Equal(t, trace, got.TraceID())
	assert.Equal(t, span, got.SpanID())
	assert.True(t, got.Flags().IsSampled())
	_, copied := got.Attributes().Get("log.file.path")
	assert.False(t, copied, "the attributes are the event's")

	logs = logsOf(t, line)
	_, lr = first(t, logs)
	lr.SetObservedTimestamp(0)
	_, got = first(t, h.consume(t, logs))
	assert.NotZero(t, got.ObservedTimestamp())
}

func TestWhatCannotBeReadIsKept(t *testing.T) {
	cut := line[:len(line)-100]
	h := newHarness(t, nil)
	_, lr := first(t, h.consume(t, logsOf(t, cut)))
	assert.Equal(t, cut, lr.Body().Str())
	reason, _ := lr.Attributes().Get(audit.AttrNotificationDecodeError)
	assert.Equal(t, "truncated", reason.Str())

	_, lr = first(t, h.consume(t, logsOf(t, map[string]any{"MESSAGE": cut})))
	assert.Equal(t, `{"MESSAGE":`+string(mustJSON(t, cut))+`}`, lr.Body().Str())

	_, lr = first(t, h.consume(t, logsOf(t, map[string]any{"log": "an event in a form of its own: {'typeURI': " +
		"http://schemas.dmtf.org/cloud/audit/1.0/event} _type\""})))
	reason, _ = lr.Attributes().Get(audit.AttrNotificationDecodeError)
	assert.Equal(t, "no_logger", reason.Str())

	tooLong := map[string]any{"MESSAGE": nil, "LOGGER_NAME": "oslo.messaging.notification.identity.user.created", "_PID": "7"}
	_, lr = first(t, h.consume(t, logsOf(t, tooLong)))
	reason, _ = lr.Attributes().Get(audit.AttrNotificationDecodeError)
	assert.Equal(t, "truncated", reason.Str(), "journalctl left the message out")
	assert.Contains(t, lr.Body().Str(), `"_PID":"7"`)

	h = newHarness(t, func(c *Config) { c.Records.OnDecodeError = auditlog.DecodeErrorDrop })
	assert.Zero(t, h.consume(t, logsOf(t, cut)).LogRecordCount())
}

func TestTelemetry(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.Records.HTTPAuditPending = auditlog.Drop; c.Records.MaxBodySizeKiB = 1 })
	broken := line[:len(line)-10]
	h.consume(t, logsOf(t, ordinary, line, line+" "+line, native, broken, strings.Replace(native, "audit.cadf", "audit.http.request", 1),
		strings.Replace(line[:len(line)-10], "created.user", strings.Repeat("x", 2000), 1)))

	id := attribute.String("processor", "openstack_audit")
	point := func(value int64, attributes ...attribute.KeyValue) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: value, Attributes: attribute.NewSet(append(attributes, id)...)}
	}
	ignore := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualOpenstackAuditProcessorLogRecords(t, h.telemetry, []metricdata.DataPoint[int64]{point(7)}, ignore)
	metadatatest.AssertEqualOpenstackAuditProcessorUnmatchedLogRecords(t, h.telemetry, []metricdata.DataPoint[int64]{point(1)}, ignore)
	metadatatest.AssertEqualOpenstackAuditProcessorEvents(t, h.telemetry, []metricdata.DataPoint[int64]{
		point(4, attribute.String("kind", "cadf")), point(3, attribute.String("kind", "raw")),
	}, ignore)
	metadatatest.AssertEqualOpenstackAuditProcessorEventsSkipped(t, h.telemetry,
		[]metricdata.DataPoint[int64]{point(1, attribute.String("reason", "http_audit_pending"))}, ignore)
	metadatatest.AssertEqualOpenstackAuditProcessorDecodeErrors(t, h.telemetry,
		[]metricdata.DataPoint[int64]{point(2, attribute.String("reason", "truncated")), point(1, attribute.String("reason", "more_than_one"))},
		ignore)
	metadatatest.AssertEqualOpenstackAuditProcessorRecordsTruncated(t, h.telemetry, []metricdata.DataPoint[int64]{point(2)}, ignore)
	delay, err := h.telemetry.GetMetric("otelcol_openstack_audit_processor_notification_delay")
	require.NoError(t, err)
	assert.EqualValues(t, 2, delay.Data.(metricdata.Histogram[float64]).DataPoints[0].Count)
}

// What other receivers bring passes whole when it is kept, whatever it is.
func TestOtherLogsPass(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.Unmatched = auditlog.Keep })
	logs := testdata.GenerateLogs(20)
	before := plog.NewLogs()
	logs.CopyTo(before)
	assert.Equal(t, before, h.consume(t, logs))
}

func BenchmarkProcess(b *testing.B) {
	for _, test := range []struct{ name, text string }{{"unmatched", ordinary}, {"matched", line}} {
		b.Run(test.name, func(b *testing.B) {
			h := newHarness(b, nil)
			const records = 1000
			bodies := make([]any, records)
			for i := range bodies {
				bodies[i] = test.text
			}
			template := logsOf(b, bodies...)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				logs := plog.NewLogs()
				template.CopyTo(logs)
				h.sink.Reset()
				b.StartTimer()
				if err := h.processor.ConsumeLogs(b.Context(), logs); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/record")
		})
	}
}
