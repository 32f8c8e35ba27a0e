package main

import (
	"encoding/base64"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/treelog/treelogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/exporttest"
)

// A log of another program may leave out members that are empty and have others, and have a directory for each month.
func TestLogOfAnotherProgram(t *testing.T) {
	november := newTestLog(t, "audit.example.com/test")
	parent := t.TempDir()
	var documents []exporttest.Document
	for i, month := range []string{"2026-10", "2026-11"} {
		november.writer = treelogtest.NewWriter(t, filepath.Join(parent, month), november.private)
		logs := captured(t, 10*i, 10*i+10)
		form := canonical.NewForm()
		for lr, in := range audit.Records(logs) {
			form.Record(in.Resource, in.Scope, lr)
			sum, _ := form.Hash()
			november.addEntry(t, map[string]string{
				"h": base64.StdEncoding.EncodeToString(sum[:]), "u": form.Value("log.record.uid"), "e": lr.EventName(), "x": "of a later version",
			})
		}
		november.writer.Append([]byte(`{"k":"later","x":"y"}`))
		november.writer.Sign()
		documents = append(documents, exporttest.Elasticsearch(t, logs)...)
	}
	november.dir = parent
	report := november.records(t, exitClean, "elasticsearch", documents)
	require.Len(t, report.Logs, 2)
	require.Equal(t, uint64(20), report.Counts.Verified)
	report = november.records(t, exitFindings, "elasticsearch", documents[1:])
	require.Equal(t, uint64(1), report.Counts.Missing)
	require.Equal(t, exporttest.ElasticsearchLayout.UID(documents[0]), report.Findings.Missing[0].UID)
	status, stdout, _ := verify(t, "log", parent, "--key", november.key)
	require.Equal(t, exitClean, status)
	require.Contains(t, stdout, "2026-10")
	require.Contains(t, stdout, "2026-11")

	// What a bulk request has.
	var bulk []exporttest.Document
	for _, document := range documents {
		bulk = append(bulk, exporttest.Document{"create": exporttest.Document{"_index": "logs", "_id": "x"}}, document)
	}
	require.Equal(t, uint64(20), november.records(t, exitClean, "elasticsearch", bulk).Counts.Verified)
}

// A record without a time has that of its receipt. Loki does not give that back twice.
func TestRecordWithoutTime(t *testing.T) {
	logs := captured(t, 0, 1)
	logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetTimestamp(0)
	without := plog.NewLogs()
	logs.CopyTo(without)
	lr := without.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	lr.SetTimestamp(lr.ObservedTimestamp())
	lr.SetObservedTimestamp(0)
	for _, logged := range []plog.Logs{logs, without} {
		log := newTestLog(t, "audit.example.com/test")
		log.add(t, logged)
		log.writer.Sign()
		for _, layout := range layouts {
			require.Equal(t, uint64(1), log.records(t, exitClean, layout.Name, layout.write(t, logs)).Counts.Verified, layout.Name)
		}
	}
}
