package auditlog_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

func TestTimes(t *testing.T) {
	const sent = "2026-11-20 23:08:19.903441"
	for _, test := range []struct {
		eventTime, timestamp string
		time                 string
		raw                  any // cadf.event.time
	}{
		{"2026-11-20T22:42:22.720112+0000", sent, "2026-11-20T22:42:22.720112Z", nil},
		{"2026-11-20T22:42:22.720112+0530", sent, "2026-11-20T17:12:22.720112Z", nil},
		{"2126-11-20T22:42:22Z", sent, "2126-11-20T22:42:22Z", nil}, // the future is evidence
		{"", sent, "2026-11-20T23:08:19.903441Z", nil},
		{"", "", "", nil},
		{"yesterday", sent, "2026-11-20T23:08:19.903441Z", "yesterday"},
		{"2026-11-20T25:00:00Z", "never", "", "2026-11-20T25:00:00Z"},
		{"9999-12-31T23:59:59Z", sent, "2026-11-20T23:08:19.903441Z", "9999-12-31T23:59:59Z"}, // no record can hold it
		{"1969-12-31T23:59:59Z", "", "", "1969-12-31T23:59:59Z"},
		{"0001-01-01T00:00:00Z", sent, "2026-11-20T23:08:19.903441Z", "0001-01-01T00:00:00Z"},
		{"1795000000.5", sent, "2026-11-20T23:08:19.903441Z", "1795000000.5"},
	} {
		t.Run(test.eventTime+" "+test.timestamp, func(t *testing.T) {
			line := byDefault(t, fmt.Sprintf(`{"event_type":"identity.user.created","timestamp":%q,"payload":{"eventType":"activity",`+
				`"action":"created.user","outcome":"success","eventTime":%q}}`,
				test.timestamp, test.eventTime))
			require.Equal(t, test.time, line.Time)
			want{audit.AttrEventTime: test.raw}.check(t, line)
		})
	}
}

// A response repeats the time of its request: the last reporter's time is its own.
func TestTimeOfResponse(t *testing.T) {
	const began = "2026-11-20T23:00:00.5+0000"
	for _, test := range []struct {
		name, eventType, chain, time string
		raw, duration, reporters     any
	}{
		{"response", "audit.http.response", `[{"role":"modifier","reporterTime":"2026-11-20T23:00:02+0000","reporter":{"id":"target"}}]`,
			"2026-11-20T23:00:02Z", "2026-11-20T23:00:00.5Z", 1.5, nil},
		{"two steps", "audit.http.response", `[{"role":"observer","reporterTime":"2026-11-20T23:00:01+0000","reporter":{"id":"a"}},` +
			`{"role":"modifier","reporterTime":"2026-11-20T23:00:02+0000","reporter":{"id":"target"}}]`,
			"2026-11-20T23:00:02Z", "2026-11-20T23:00:00.5Z", 1.5,
			[]any{map[string]any{"role": "observer", "reporter_id": "a", "time": "2026-11-20T23:00:01Z"},
				map[string]any{"role": "modifier", "reporter_id": "target", "time": "2026-11-20T23:00:02Z"}}},
		{"no reporter", "audit.http.response", `[]`, "2026-11-20T23:00:03Z", "2026-11-20T23:00:00.5Z", nil, nil},
		{"reporter without a time", "audit.http.response", `[{"role":"modifier","reporterTime":"soon","reporterId":"target"}]`,
			"2026-11-20T23:00:03Z", "2026-11-20T23:00:00.5Z", nil, []any{map[string]any{"role": "modifier", "reporter_id": "target",
				"time": "soon"}}},
		{"clocks that differ", "audit.http.response",
			`[{"role":"modifier","reporterTime":"2026-11-20T22:00:00+0000","reporter":{"id":"target"}}]`,
			"2026-11-20T22:00:00Z", "2026-11-20T23:00:00.5Z", nil, nil},
		{"request", "audit.http.request", `[{"role":"modifier","reporterTime":"2026-11-20T23:00:02+0000","reporter":{"id":"target"}}]`,
			"2026-11-20T23:00:00.5Z", nil, nil, []any{map[string]any{"role": "modifier", "reporter_id": "target", "time": "2026-11-20T23:00:02Z"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			line := byDefault(t, fmt.Sprintf(`{"event_type":%q,"timestamp":"2026-11-20 `+
				`23:00:03","payload":{"eventType":"activity","action":"read","outcome":"success","eventTime":%q,"reporterchain":%s}}`,
				test.eventType, began, test.chain))
			require.Equal(t, test.time, line.Time)
			want{audit.AttrEventTime: test.raw, audit.AttrAuditDuration: test.duration, audit.AttrReporterChain: test.reporters}.check(t, line)
		})
	}
}

func TestNotificationTimestamp(t *testing.T) {
	for _, test := range []struct {
		timestamp string
		expect    any
	}{
		{"2026-11-20 23:08:19.903441", "2026-11-20T23:08:19.903441Z"},
		{"2026-11-20 23:08:19", "2026-11-20T23:08:19Z"},
		{"2026-11-20T23:08:19.500Z", "2026-11-20T23:08:19.500Z"},
		{"2026-11-20 23:08:19+01:00", "2026-11-20T23:08:19+01:00"},
		{"2026-11-20 23:08:19,25", "2026-11-20T23:08:19.25Z"},
		{"now", "now"},
		{"", nil},
	} {
		line := byDefault(t, fmt.Sprintf(`{"event_type":"identity.user.created","timestamp":%q,"payload":{}}`, test.timestamp))
		want{audit.AttrNotificationTimestamp: test.expect}.check(t, line)
	}
}

func TestObservedTime(t *testing.T) {
	const sent = `{"event_type":"identity.user.created","timestamp":"2026-11-20 23:08:19","payload":{}}`
	fromNotification := configured(func(c *auditlog.Config) { c.ObservedTime = auditlog.ObservedTimeNotification })
	require.Equal(t, received.Format(time.RFC3339Nano), byDefault(t, sent).Observed)
	require.Equal(t, "2026-11-20T23:08:19Z", one(t, fromNotification, sent).Observed)
	require.Equal(t, "2026-11-20T23:08:19.862679Z", one(t, fromNotification, event(`"outcome":"success"`)).Observed)
	require.Equal(t, received.Format(time.RFC3339Nano), one(t, fromNotification, "raw").Observed)
}

func TestLag(t *testing.T) {
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	for _, test := range []struct {
		body   string
		expect time.Duration
	}{
		{`{"event_type":"identity.x","timestamp":"2026-11-20 23:59:58.5","payload":{}}`, 1500 * time.Millisecond},
		{`{"event_type":"identity.x","timestamp":"when","payload":{}}`, -1},
		{`raw`, -1},
	} {
		record := mapper.Read(auditlog.Message{Body: []byte(test.body), Received: received})
		lag, ok := record.Lag()
		require.Equal(t, test.expect >= 0, ok)
		require.Equal(t, max(test.expect, 0), lag)
	}
}

func TestEventNames(t *testing.T) {
	for _, test := range []struct{ eventType, expect string }{
		{"identity.user.created", "openstack.identity.user.created"},
		{"identity.project tag.created", "openstack.identity.project_tag.created"},
		{"identity.OS-TRUST:trust.created", "openstack.identity.trust.created"},
		{"identity.OS-OAUTH1:access_token.deleted", "openstack.identity.access_token.deleted"},
		{"identity.role_assignment.created", "openstack.identity.role_assignment.created"},
		{"audit.http.response", "openstack.audit.http.response"},
		{"Identity.Üser.Created", "openstack.identity._ser.created"},
		{"identity." + uuidID + ".created", "openstack.identity.created"},
		{"identity.x-" + hexID + "." + hexID + ".done", "openstack.identity.x_" + hexID + ".done"},
		{"identity..", "openstack.identity"},
	} {
		line := byDefault(t, fmt.Sprintf(`{"event_type":%q,"payload":%s}`, test.eventType, event(`"outcome":"success"`)))
		require.Equal(t, test.expect, line.EventName)
		require.Equal(t, test.eventType, line.Attributes[audit.AttrNotificationEventType])
	}
	long := byDefault(t, fmt.Sprintf(`{"event_type":"identity.%0200d","payload":{}}`, 0)).EventName
	require.Equal(t, "openstack.identity", long, "200 digits are an identifier")
	long = byDefault(t, fmt.Sprintf(`{"event_type":"identity.%0200dx","payload":{}}`, 0)).EventName
	require.Len(t, long, 128)
}

func TestTraceParent(t *testing.T) {
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	for _, test := range []struct {
		parent string
		ok     bool
	}{
		{"00-" + trace + "-" + span + "-01", true},
		{"cc-" + trace + "-" + span + "-01-more", true},
		{"ff-" + trace + "-" + span + "-01", false},
		{"00-" + trace + "-" + span, false},
		{"00-" + trace + "-" + span + "-1", false},
		{"00-" + trace[1:] + "-" + span + "-01", false},
		{"00-" + "00000000000000000000000000000000-" + span + "-01", false},
		{"00-" + trace + "-zzf067aa0ba902b7-01", false},
		{"", false},
	} {
		logs, _ := mapper.Logs([]auditlog.Record{mapper.Read(auditlog.Message{Body: []byte(event(`"outcome":"success"`)),
			Trace: auditlog.ParseTraceParent(test.parent)})})
		record := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
		require.Equal(t, !test.ok, record.TraceID().IsEmpty(), test.parent)
		if test.ok {
			require.Equal(t, trace, record.TraceID().String())
			require.Equal(t, span, record.SpanID().String())
			require.True(t, record.Flags().IsSampled())
		}
	}
}
