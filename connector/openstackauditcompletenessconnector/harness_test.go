package openstackauditcompletenessconnector

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

var began = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// lab is a tracker with a clock of its own.
type lab struct {
	*tracker
	t   *testing.T
	now time.Time
	uid int
}

func newLab(t *testing.T, change ...func(*Config)) *lab {
	t.Helper()
	config := createDefaultConfig().(*Config)
	for _, f := range change {
		f(config)
	}
	require.NoError(t, config.Validate())
	l := &lab{tracker: newTracker(config), t: t, now: began}
	l.start(l.now)
	return l
}

// pass lets time go by, checking as the connector does.
func (l *lab) pass(d time.Duration) *lab {
	l.t.Helper()
	for end := l.now.Add(d); l.now.Before(end); {
		l.now = l.now.Add(min(15*time.Second, end.Sub(l.now)))
		l.check(l.now)
	}
	return l
}

// event is a record in short. Without at it was sent now, without uid it is a message of its own.
type event struct {
	service, publisher, host string
	kind, id, outcome, user  string
	uid                      string
	at                       time.Time
	session                  string
	number                   int
	requestID, target        string
}

func (l *lab) come(events ...event) *lab {
	l.t.Helper()
	l.observe(l.logsOf(events...), l.now)
	return l
}

func (l *lab) logsOf(events ...event) plog.Logs {
	logs := plog.NewLogs()
	for _, e := range events {
		if e.at.IsZero() {
			e.at = l.now
		}
		if e.uid == "" {
			l.uid++
			e.uid = fmt.Sprint("message-", l.uid)
		}
		if e.kind == "" {
			e.kind = "compute.instance.update"
		}
		rl := logs.ResourceLogs().AppendEmpty()
		put(rl.Resource().Attributes(), audit.AttrServiceName, e.service, audit.AttrServiceNamespace, "openstack", audit.AttrHostName, e.host)
		record := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		record.SetTimestamp(pcommon.NewTimestampFromTime(e.at))
		put(record.Attributes(), audit.AttrRecordUID, e.uid, audit.AttrNotificationPublisherID, e.publisher,
			audit.AttrAuditOutcome, e.outcome, audit.AttrUserID, e.user, audit.AttrEventID, e.id, audit.AttrSequenceSession, e.session,
			audit.AttrRequestID, e.requestID, audit.AttrTargetID, e.target)
		if e.kind == audit.EventCanary {
			record.SetEventName(e.kind)
		} else {
			put(record.Attributes(), audit.AttrNotificationEventType, e.kind)
		}
		if e.session != "" {
			record.Attributes().PutInt(audit.AttrSequenceNumber, int64(e.number))
		}
	}
	return logs
}

func put(attributes pcommon.Map, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			attributes.PutStr(pairs[i], pairs[i+1])
		}
	}
}

// sentences takes what was found.
func (l *lab) sentences() []string {
	l.t.Helper()
	findings := l.unsent()
	sentences := []string{}
	for _, f := range findings {
		sentences = append(sentences, string(f.State)+": "+f.Sentence)
	}
	l.sent(len(findings))
	return sentences
}

// values are the points by "service metric attribute=value".
func (l *lab) values() map[string]int64 {
	return values(l.metrics("", pcommon.NewTimestampFromTime(l.now)))
}

func values(metrics pmetric.Metrics) map[string]int64 {
	all := map[string]int64{}
	for _, rm := range metrics.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				var points pmetric.NumberDataPointSlice
				if m.Type() == pmetric.MetricTypeSum {
					points = m.Sum().DataPoints()
				} else {
					points = m.Gauge().DataPoints()
				}
				for _, point := range points.All() {
					key := audit.Text(rm.Resource().Attributes(), audit.AttrServiceName) + " " + m.Name()
					for name, value := range point.Attributes().All() {
						key += " " + name + "=" + value.AsString()
					}
					all[key] = point.IntValue()
				}
			}
		}
	}
	return all
}

// capture reads the records of real notifications.
func capture(t testing.TB, name string) plog.Logs {
	t.Helper()
	mapper := auditlog.NewMapper(auditlog.Config{}, "0.0.0-test")
	var records []auditlog.Record
	for _, body := range fixtures.Bodies(t, name) {
		records = append(records, mapper.Read(auditlog.Message{Body: body, Received: began}))
	}
	logs, _ := mapper.Logs(records)
	return logs
}
