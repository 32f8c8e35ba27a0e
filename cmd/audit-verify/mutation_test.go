package main

import (
	"fmt"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/reconcile"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/exporttest"
)

var layouts = []struct {
	exporttest.Layout

	write func(testing.TB, plog.Logs) []exporttest.Document
}{
	{exporttest.LokiLayout, exporttest.Loki}, {exporttest.ElasticsearchLayout, exporttest.Elasticsearch},
	{exporttest.OTLPLayout, exporttest.OTLP},
}

// No captured record is taken for another one.
func TestCapturedRecordsVerify(t *testing.T) {
	t.Parallel()
	logs := auditlogtest.Captured(t)
	log := newTestLog(t, "audit.example.com/test")
	log.add(t, logs)
	log.writer.Sign()
	for _, layout := range layouts {
		report := log.records(t, exitClean, layout.Name, layout.write(t, logs))
		requireFindings(t, exporttest.Expected{}, report)
		require.Equal(t, []string{"intact", "complete"}, []string{report.Integrity, report.Completeness})
		require.Equal(t, uint64(850), report.Counts.Verified)
	}
}

// TestMutations changes records of the captures in every way: each is found by its uid, and nothing else. That of test/backends changes
// all of them, as backends give them back.
func TestMutations(t *testing.T) {
	t.Parallel()
	logs := auditlogtest.Captured(t)
	i := 0
	for _, rl := range logs.ResourceLogs().All() {
		rl.ScopeLogs().At(0).LogRecords().RemoveIf(func(plog.LogRecord) bool {
			i++
			return i%5 != 0
		})
	}
	log := newTestLog(t, "audit.example.com/test")
	log.add(t, logs)
	log.writer.Sign()
	for _, layout := range layouts {
		documents := layout.write(t, logs)
		t.Run(layout.Name, func(t *testing.T) {
			t.Parallel()
			found := 0
			for _, mutation := range exporttest.Mutations() {
				t.Run(mutation.Name, func(t *testing.T) {
					changed, expected := mutation.Mutate(t, layout.Layout, documents)
					status := exitClean
					if len(expected.Altered)+len(expected.Missing)+len(expected.Extra) > 0 {
						status = exitFindings
					}
					report := log.records(t, status, layout.Name, changed)
					requireFindings(t, expected, report)
					found += len(expected.Altered) + len(expected.Missing) + len(expected.Extra)
				})
			}
			require.Greater(t, found, 2000)
			t.Logf("%d changes, each found", found)
		})
	}
}

func requireFindings(t testing.TB, expected exporttest.Expected, report recordsReport) {
	t.Helper()
	requireUIDs(t, "altered", expected.Altered, report.Findings.Altered, report.Counts.Altered)
	requireUIDs(t, "missing", expected.Missing, report.Findings.Missing, report.Counts.Missing)
	requireUIDs(t, "extra", expected.Extra, report.Findings.Extra, report.Counts.Extra)
	require.GreaterOrEqual(t, int(report.Counts.Repeated), expected.Repeated)
	require.Zero(t, report.Counts.NotYetVisible+report.Counts.NotSignedYet+report.Counts.Unreadable)
}

func requireUIDs(t testing.TB, what string, want []string, have []reconcile.Finding, count uint64) {
	t.Helper()
	wrong := map[string]int{}
	for _, uid := range want {
		wrong[uid]++
	}
	for _, finding := range have {
		wrong[finding.UID]--
	}
	maps.DeleteFunc(wrong, func(_ string, difference int) bool { return difference == 0 })
	if len(wrong) > 0 {
		require.Fail(t, "other findings", "%s: %d of %d; such as %.500s", what, len(have), len(want), fmt.Sprint(wrong))
	}
	require.Equal(t, len(want), int(count), what)
}
