package openstackauditmetricsconnector

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditmetricsconnector/internal/metadata"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

var received = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// start runs a connector that ends with the test.
func start(t testing.TB, config *Config, next consumer.Metrics) *metricsConnector {
	t.Helper()
	c, err := newMetricsConnector(connectortest.NewNopSettings(metadata.Type), config, next)
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, c.Shutdown(context.WithoutCancel(t.Context()))) })
	return c
}

// quiet is the default configuration without series that start at zero, flushed by hand alone.
func quiet(change ...func(*Config)) *Config {
	config := createDefaultConfig().(*Config)
	config.Keystone.ServiceName = ""
	config.FlushInterval = time.Hour
	for _, f := range change {
		f(config)
	}
	return config
}

// event is an audit log record in short.
type event struct {
	service, host, region string
	uid                   string
	category, action      string
	outcome, errorType    string
	domain                string
	time                  time.Time
}

func login(uid, outcome, errorType string) event {
	return event{uid: uid, category: "authentication", action: "authenticate", outcome: outcome, errorType: errorType}
}

func logs(events ...event) plog.Logs {
	all := plog.NewLogs()
	for _, e := range events {
		rl := all.ResourceLogs().AppendEmpty()
		if e.service == "" {
			e.service = "keystone"
		}
		put(rl.Resource().Attributes(), audit.AttrServiceName, e.service, audit.AttrServiceNamespace, "openstack",
			audit.AttrHostName, e.host, audit.AttrCloudRegion, e.region)
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		put(lr.Attributes(), audit.AttrRecordUID, e.uid, audit.AttrAuditCategory, e.category, audit.AttrAuditAction, e.action,
			audit.AttrAuditOutcome, e.outcome, audit.AttrErrorType, e.errorType, audit.AttrUserDomainName, e.domain)
		lr.SetTimestamp(pcommon.NewTimestampFromTime(e.time))
	}
	return all
}

func put(attributes pcommon.Map, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			attributes.PutStr(pairs[i], pairs[i+1])
		}
	}
}

// readCapture maps the notifications of a capture to logs.
func readCapture(t testing.TB, name string, config auditlog.Config) plog.Logs {
	t.Helper()
	mapper := auditlog.NewMapper(config, "0.0.0-test")
	var records []auditlog.Record
	for _, body := range fixtures.Bodies(t, name) {
		records = append(records, mapper.Read(auditlog.Message{Body: body, Received: received}))
	}
	all, _ := mapper.Logs(records)
	return all
}

// values are the points of metrics by "service metric{key=value,…}": counts, of histograms too.
type values map[string]uint64

func read(t testing.TB, metrics pmetric.Metrics) values {
	t.Helper()
	all := values{}
	for _, rm := range metrics.ResourceMetrics().All() {
		prefix := ""
		for _, key := range totals.ResourceAttributes()[:1] {
			prefix = audit.Text(rm.Resource().Attributes(), key)
		}
		if region := audit.Text(rm.Resource().Attributes(), audit.AttrCloudRegion); region != "" {
			prefix += "/" + region
		}
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				add := func(attributes pcommon.Map, count uint64) {
					key := prefix + " " + m.Name() + labels(attributes)
					require.NotContains(t, all, key, "a series is there twice")
					all[key] = count
				}
				if m.Type() == pmetric.MetricTypeHistogram {
					for _, p := range m.Histogram().DataPoints().All() {
						add(p.Attributes(), p.Count())
					}
					continue
				}
				require.True(t, m.Sum().IsMonotonic())
				require.Equal(t, pmetric.AggregationTemporalityCumulative, m.Sum().AggregationTemporality())
				for _, p := range m.Sum().DataPoints().All() {
					add(p.Attributes(), uint64(p.IntValue()))
				}
			}
		}
	}
	return all
}

func labels(attributes pcommon.Map) string {
	var b strings.Builder
	for key, value := range attributes.All() {
		fmt.Fprintf(&b, " %s=%s", strings.TrimPrefix(key, "openstack.audit."), value.AsString())
	}
	return b.String()
}

// sum adds the values whose keys contain all parts.
func (v values) sum(parts ...string) (total uint64) {
next:
	for key, value := range v {
		for _, part := range parts {
			if !strings.Contains(key, part) {
				continue next
			}
		}
		total += value
	}
	return total
}

// totals reads what was counted so far.
func (c *metricsConnector) totals(t testing.TB) values {
	t.Helper()
	return read(t, c.counters.write("", c.started, c.started+1, true))
}
