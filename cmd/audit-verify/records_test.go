package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/exporttest"
)

// captured returns some records of the captures, with different uids.
func captured(t testing.TB, from, to int) plog.Logs {
	t.Helper()
	logs := auditlogtest.Captured(t)
	i := -1
	logs.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			sl.LogRecords().RemoveIf(func(plog.LogRecord) bool {
				i++
				return i < from || i >= to
			})
			return sl.LogRecords().Len() == 0
		})
		return rl.ScopeLogs().Len() == 0
	})
	require.Equal(t, to-from, logs.LogRecordCount())
	return logs
}

func TestLogsAreOneUnion(t *testing.T) {
	first, second := newTestLog(t, "audit.example.com/ctl01"), newTestLog(t, "audit.example.com/ctl02")
	first.add(t, captured(t, 0, 60))
	second.add(t, captured(t, 40, 100)) // both collectors had some of them
	first.writer.Sign()
	second.writer.Sign()
	documents := exporttest.OTLP(t, captured(t, 0, 100))
	report := first.records(t, exitClean, "otlp", documents, "--key", second.key, second.dir)
	require.Equal(t, uint64(100), report.Counts.Verified)
	require.Len(t, report.Logs, 2)
	report = first.records(t, exitFindings, "otlp", documents)
	require.Equal(t, uint64(60), report.Counts.Verified)
	require.Equal(t, uint64(40), report.Counts.Extra)
	// The backend has records of both, and one of them is missing.
	report = first.records(t, exitFindings, "otlp", documents[1:], "--key", second.key, second.dir)
	require.Equal(t, uint64(1), report.Counts.Missing)
	require.Equal(t, "intact", report.Integrity)
	require.Equal(t, "incomplete", report.Completeness)
}

func TestRange(t *testing.T) {
	log := newTestLog(t, "audit.example.com/test")
	logs := captured(t, 0, 100)
	log.add(t, logs)
	log.writer.Sign()
	documents := exporttest.Elasticsearch(t, logs)
	scope := logs.ResourceLogs().At(0).ScopeLogs().At(0)
	middle := scope.LogRecords().At(50).Timestamp().AsTime().Format(time.RFC3339Nano)
	before := log.records(t, exitClean, "elasticsearch", documents, "--to", middle).Counts
	after := log.records(t, exitClean, "elasticsearch", documents, "--from", middle).Counts
	require.Equal(t, uint64(100), before.Verified+after.Verified)
	require.Equal(t, after.Verified, before.OutsideRange)
	require.Equal(t, before.Verified, after.OutsideRange)
	require.NotZero(t, before.Verified)
	// What is not asked for may be missing.
	report := log.records(t, exitClean, "elasticsearch", documents, "--from", "2030-01-01")
	require.Equal(t, uint64(100), report.Counts.OutsideRange)
	log.records(t, exitFindings, "elasticsearch", nil, "--to", "2030-01-01")
}

// The newest records of a log may not be shown yet by a backend that was asked just now; older ones are missing.
func TestNotYetVisible(t *testing.T) {
	log := newTestLog(t, "audit.example.com/test")
	logs := captured(t, 0, 20)
	i := 0
	for _, rl := range logs.ResourceLogs().All() {
		for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
			lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Date(2026, 12, 31, 23, 50+i/3, 0, i, time.UTC))) // the export is of midnight
			i++
		}
	}
	log.add(t, logs)
	log.writer.Sign()
	documents := exporttest.OTLP(t, logs)
	report := log.records(t, exitClean, "otlp", documents[:15])
	require.Equal(t, uint64(5), report.Counts.NotYetVisible)
	_, stdout, _ := verify(t, "records", "--logs", log.dir, "--key", log.key, "--otlp",
		writeLines(t, documents[:15]))
	require.Contains(t, stdout, "Completeness: complete, without the 5 not yet visible")
	report = log.records(t, exitFindings, "otlp", documents[:15], "--delay", "1m")
	require.Equal(t, uint64(5), report.Counts.Missing)
	report = log.records(t, exitFindings, "otlp", append(documents[:10:10], documents[12:15]...))
	require.Equal(t, uint64(2), report.Counts.Missing, "newer records are shown")
	require.Equal(t, uint64(5), report.Counts.NotYetVisible)
}

// Of entries that were deleted nobody can tell whether the store has their records, unless a month begins behind them.
func TestEntriesDeleted(t *testing.T) {
	log := newTestLog(t, "audit.example.com/test")
	logs := captured(t, 0, 600)
	documents := exporttest.OTLP(t, logs)
	log.add(t, captured(t, 0, 300))
	log.addEntry(t, map[string]string{"k": "shard", "m": "2026-11", "n": "0", "p": "0", "r": "", "t": "0"})
	log.add(t, captured(t, 300, 600))
	log.writer.Sign()
	require.NoError(t, os.Remove(filepath.Join(log.dir, "tile/entries/000")))
	require.NoError(t, os.Remove(filepath.Join(log.dir, "tile/0/000")))
	report := log.records(t, exitCannotTell, "otlp", documents[256:])
	require.Equal(t, "unknown", report.Completeness)
	require.Equal(t, uint64(256), report.Counts.Removed)
	require.Equal(t, []string{"256 records whose entry was deleted from a log, perhaps of that time"}, report.CompletenessReason)
	log.records(t, exitCannotTell, "otlp", documents[256:], "--from", "2026-10-31T23:59:59Z")
	report = log.records(t, exitClean, "otlp", documents[256:], "--from", "2026-11-01")
	require.Equal(t, uint64(344), report.Counts.Verified)
	report = log.records(t, exitFindings, "otlp", documents[257:])
	require.Equal(t, "incomplete", report.Completeness)

	uid := func(document int) string {
		lr := logRecords(logs)[document]
		uid, _ := lr.Attributes().Get("log.record.uid")
		return uid.AsString()
	}
	status, stdout, stderr := verify(t, "prove", log.dir, uid(500), "--key", log.key)
	require.Equal(t, exitClean, status, stderr)
	require.Contains(t, stdout, "entry 501 of ")
	status, _, stderr = verify(t, "prove", log.dir, uid(0), "--key", log.key)
	require.Equal(t, exitCannotTell, status)
	require.Contains(t, stderr, "it lacks 1 bundle of entries")
}

func logRecords(logs plog.Logs) (records []plog.LogRecord) {
	for lr := range audit.Records(logs) {
		records = append(records, lr)
	}
	return records
}

func TestRefusedAndGaps(t *testing.T) {
	log := newTestLog(t, "audit.example.com/test")
	logs := captured(t, 0, 30)
	log.add(t, logs)
	documents := exporttest.Loki(t, logs)
	form := canonical.NewForm()
	scope := logs.ResourceLogs().At(0).ScopeLogs().At(0)
	refused := scope.LogRecords().At(3)
	form.Record(logs.ResourceLogs().At(0).Resource(), scope.Scope(), refused)
	log.addKind(t, "refused", form, refused.EventName())
	log.writer.Sign()
	report := log.records(t, exitClean, "loki", append(documents[:3:3], documents[4:]...))
	require.Equal(t, uint64(1), report.Counts.Refused)
	require.Equal(t, uint64(29), report.Counts.Verified)

	// Records that left while the log could not be written: the log says how many.
	unlogged := exporttest.Loki(t, captured(t, 30, 33))
	log.records(t, exitFindings, "loki", append(documents, unlogged...))
	log.addEntry(t, map[string]string{"k": "gap", "n": "3", "t": "1", "z": "1900000000000000000"})
	log.writer.Sign()
	report = log.records(t, exitCannotTell, "loki", append(documents, unlogged...))
	require.Equal(t, uint64(3), report.Counts.Unlogged)
	require.Equal(t, "unknown", report.Integrity)
	more := exporttest.Loki(t, captured(t, 30, 34))
	report = log.records(t, exitFindings, "loki", append(documents, more...))
	require.Equal(t, uint64(1), report.Counts.Extra)
}

// One message that came twice with other names in its record is one record. That the store has one of two is said, and is no alarm.
func TestLoggedTwiceWithOtherContent(t *testing.T) {
	log := newTestLog(t, "audit.example.com/test")
	logs := captured(t, 0, 10)
	log.add(t, logs)
	again := captured(t, 0, 10)
	for _, lr := range logRecords(again) {
		lr.Attributes().PutStr("user.name", "renamed")
	}
	log.add(t, again)
	log.writer.Sign()
	for _, stored := range []plog.Logs{logs, again} {
		report := log.records(t, exitClean, "loki", exporttest.Loki(t, stored))
		require.Equal(t, uint64(10), report.Counts.Verified)
		require.Equal(t, uint64(10), report.Counts.Superseded)
		require.Len(t, report.Findings.Superseded, 10)
	}
	both := append(exporttest.Loki(t, logs), exporttest.Loki(t, again)...)
	require.Zero(t, log.records(t, exitClean, "loki", both).Counts.Superseded)
	report := log.records(t, exitFindings, "loki", exporttest.Loki(t, captured(t, 1, 10)))
	require.Equal(t, uint64(1), report.Counts.Missing)
	altered := exporttest.Loki(t, logs)
	altered[7]["line"] = "nothing happened"
	report = log.records(t, exitFindings, "loki", altered)
	require.Equal(t, []uint64{1, 9}, []uint64{report.Counts.Altered, report.Counts.Superseded})
}

func TestEmbeddedTextTellsWhatWasAltered(t *testing.T) {
	log := newTestLog(t, "audit.example.com/test")
	logs := captured(t, 0, 10)
	log.add(t, logs)
	log.writer.Sign()
	form := canonical.NewForm()
	for lr, in := range audit.Records(logs) {
		form.Record(in.Resource, in.Scope, lr)
		lr.Attributes().PutStr(canonical.EmbedAttribute, string(form.Append(nil)))
	}
	for _, layout := range layouts {
		t.Run(layout.Name, func(t *testing.T) {
			report := log.records(t, exitClean, layout.Name, layout.write(t, logs))
			require.Equal(t, uint64(10), report.Counts.Verified)
			changed := captured(t, 0, 10)
			logs.CopyTo(changed)
			records := changed.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
			records.At(2).Body().SetStr("nothing happened")
			records.At(2).Attributes().PutStr("user.name", "mallory")
			records.At(5).Attributes().Remove("openstack.audit.action")
			text, _ := records.At(7).Attributes().Get(canonical.EmbedAttribute)
			text.SetStr(text.Str()[:20] + "x" + text.Str()[20:])
			report = log.records(t, exitFindings, layout.Name, layout.write(t, changed))
			fields := map[string][]string{}
			for _, finding := range report.Findings.Altered {
				fields[finding.UID] = finding.Fields
			}
			uid := func(i int) string {
				value, _ := records.At(i).Attributes().Get("log.record.uid")
				return value.Str()
			}
			require.Equal(t, []string{".body", "user_name"}, fields[uid(2)])
			require.Equal(t, []string{"openstack_audit_action"}, fields[uid(5)])
			// The record is as it was; somebody changed the text.
			require.Equal(t, uint64(2), report.Counts.Altered, fields)
		})
	}
}

// The Elastic Common Schema renames fields: only the embedded text tells what the record was.
func TestForeignLayout(t *testing.T) {
	log := newTestLog(t, "audit.example.com/test")
	logs := captured(t, 0, 3)
	log.add(t, logs)
	log.writer.Sign()
	form := canonical.NewForm()
	var documents []exporttest.Document
	scope := logs.ResourceLogs().At(0).ScopeLogs().At(0)
	for _, lr := range scope.LogRecords().All() {
		form.Record(logs.ResourceLogs().At(0).Resource(), scope.Scope(), lr)
		documents = append(documents, exporttest.Document{
			"@timestamp": lr.Timestamp().AsTime().Format(time.RFC3339Nano), "message": lr.Body().Str(),
			"event":     exporttest.Document{"action": "x"},
			"log":       exporttest.Document{"record": exporttest.Document{"uid": form.Value("log.record.uid")}},
			"service":   exporttest.Document{"name": form.Value("service.name")},
			"openstack": exporttest.Document{"audit": exporttest.Document{"canonical": string(form.Append(nil))}},
		})
	}
	report := log.records(t, exitClean, "elasticsearch", documents)
	require.Equal(t, uint64(3), report.Counts.Verified)
	documents[1]["message"] = "nothing happened"
	report = log.records(t, exitFindings, "elasticsearch", documents)
	require.Equal(t, []string{".body"}, report.Findings.Altered[0].Fields)
	delete(documents[1], "openstack")
	report = log.records(t, exitFindings, "elasticsearch", documents)
	require.Equal(t, uint64(1), report.Counts.NotCheckable)
	for _, document := range documents {
		delete(document, "openstack")
	}
	report = log.records(t, exitFindings, "elasticsearch", documents)
	require.Equal(t, uint64(3), report.Counts.NotCheckable)
	require.Equal(t, "unknown", report.Integrity)
}

func TestExportedCheckpointsShowAFork(t *testing.T) {
	log := newTestLog(t, "audit.example.com/test")
	log.add(t, captured(t, 0, 10))
	checkpoint := log.writer.Sign()
	exported := plog.NewLogs()
	lr := exported.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetObservedTimestamp(1)
	lr.Attributes().PutStr(audit.AttrCheckpointNote, string(checkpoint))
	documents := append(exporttest.Loki(t, captured(t, 0, 10)), exporttest.Loki(t, exported)...)
	report := log.records(t, exitClean, "loki", documents)
	require.Equal(t, uint64(1), report.Counts.Checkpoints)
	require.Equal(t, 2, report.Logs[0].Statements)

	// Whoever has the key writes the log anew, without the first record, and deletes that at the backend too.
	forged := log.again(t)
	forged.add(t, captured(t, 1, 11))
	forged.writer.Sign()
	documents = append(exporttest.Loki(t, captured(t, 1, 11)), exporttest.Loki(t, exported)...)
	report = forged.records(t, exitFindings, "loki", documents)
	require.Contains(t, report.Logs[0].Problems[0], "the log was forked")
	require.Equal(t, uint64(10), report.Counts.Verified)
}

func TestCannotTell(t *testing.T) {
	log := newTestLog(t, "audit.example.com/test")
	log.add(t, captured(t, 0, 10))
	log.writer.Sign()
	path := filepath.Join(t.TempDir(), "export")
	require.NoError(t, os.WriteFile(path, []byte("{\"labels\":{},\"line\":\"\",\"timestamp\":\"2026-01-01T00:00:00Z\"}\n{\"labels\":"), 0o600))
	status, stdout, _ := verify(t, "records", "--logs", log.dir, "--key", log.key, "--loki", path, "--json", "--quiet", "--from", "2027-01-01")
	require.Equal(t, exitCannotTell, status, stdout)
	var report recordsReport
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	require.Equal(t, uint64(1), report.Counts.Unreadable)
	other := newTestLog(t, "audit.example.com/test")
	for _, arguments := range [][]string{
		{"records", "--logs", log.dir, "--key", log.key},
		{"records", "--logs", log.dir, "--loki", path},
		{"records", "--key", log.key, "--loki", path},
		{"records", "--logs", log.dir, "--key", other.key, "--loki", path},
		{"records", "--logs", log.dir, "--key", log.key, "--loki", path + "x"},
		{"records", "--logs", log.dir, "--key", log.key, "--loki", path, "--from", "yesterday"},
		{"records", "--logs", log.dir, "--key", log.key, "--loki", path, "--from", "2026-01-02", "--to", "2026-01-01"},
		{"log", log.dir}, {"log", log.dir, "--key", "x"}, {"log", t.TempDir(), "--key", log.key}, {"log", log.dir, "--key", other.key},
		{"prove", log.dir, "--key", log.key}, {"keygen"}, {"nothing"},
	} {
		status, stdout, stderr := verify(t, arguments...)
		require.Equal(t, exitCannotTell, status, arguments)
		require.Empty(t, stdout)
		require.Contains(t, stderr, "audit-verify: ", arguments)
	}
}

func TestReportForPeople(t *testing.T) {
	log := newTestLog(t, "audit.example.com/test")
	logs := captured(t, 0, 20)
	log.add(t, logs)
	log.writer.Sign()
	documents := exporttest.Loki(t, logs)
	documents[3]["line"] = "nothing happened"
	documents[3]["labels"].(map[string]any)["log_record_uid"] = "\x1b[31mforged"
	status, stdout, stderr := verify(t, "records", "--logs", log.dir, "--key", log.key, "--loki", writeLines(t, documents))
	require.Equal(t, exitFindings, status, stderr)
	for _, line := range []string{
		"audit.example.com/test, 20 entries", "verified  19", "missing   1", "extra     1", "?[31mforged",
		"Integrity:    VIOLATED (1 extra record)", "Completeness: INCOMPLETE (1 missing record)",
	} {
		require.Contains(t, stdout, line)
	}
	// logcli without --include-common-labels.
	for _, document := range documents {
		delete(document["labels"].(map[string]any), "service_name")
	}
	_, stdout, _ = verify(t, "records", "--logs", log.dir, "--key", log.key, "--loki", writeLines(t, documents))
	require.Contains(t, stdout, "Hint: no record has service_name")
}

// Entries that the collector wrote after its newest checkpoint are in its journal.
func TestNotSignedYet(t *testing.T) {
	folder := t.TempDir()
	keyFile := filepath.Join(folder, "evidence.key")
	status, key, stderr := verify(t, "keygen", "--origin", "audit.example.com/test", "--out", keyFile)
	require.Zero(t, status, stderr)
	signer, err := evidence.ReadSigner(keyFile)
	require.NoError(t, err)
	log, err := evidence.Open(t.Context(), evidence.Options{Directory: filepath.Join(folder, "evidence"), Signer: signer, Monthly: true})
	require.NoError(t, err)
	add := func(logs plog.Logs) {
		form, batch := canonical.NewForm(), evidence.Batch{}
		for lr, in := range audit.Records(logs) {
			form.Record(in.Resource, in.Scope, lr)
			sum, _ := form.Hash()
			batch.Add(&evidence.Entry{
				EventName: lr.EventName(), Hash: sum, Service: form.Value(audit.AttrServiceName), UID: form.Value(audit.AttrRecordUID),
				Time: uint64(lr.Timestamp()),
			})
		}
		require.NoError(t, log.Append(&batch))
	}
	add(captured(t, 0, 300))
	checkpoint, err := log.Publish(t.Context())
	require.NoError(t, err)
	add(captured(t, 300, 305))
	l := &testLog{dir: filepath.Join(folder, "evidence"), key: strings.TrimSpace(key)}
	report := l.records(t, exitClean, "loki", exporttest.Loki(t, captured(t, 0, 305)))
	require.Equal(t, uint64(300), report.Counts.Verified)
	require.Equal(t, uint64(5), report.Counts.NotSignedYet)
	report = l.records(t, exitFindings, "loki", exporttest.Loki(t, captured(t, 0, 307)))
	require.Equal(t, uint64(2), report.Counts.Extra)
	require.NoError(t, log.Close(t.Context()))
	// Events of yesterday that were logged after a checkpoint of today, which the store has, may be on their way.
	exported := plog.NewLogs()
	lr := exported.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetObservedTimestamp(1)
	lr.Attributes().PutStr(audit.AttrCheckpointNote, string(checkpoint.Note))
	const sinceToday = "983h" // of the export, which is of 2027-01-01
	documents := exporttest.Loki(t, captured(t, 0, 300))
	report = l.records(t, exitFindings, "loki", documents, "--delay", sinceToday)
	require.Equal(t, uint64(5), report.Counts.Missing)
	report = l.records(t, exitClean, "loki", append(documents, exporttest.Loki(t, exported)...), "--delay", sinceToday)
	require.Equal(t, uint64(5), report.Counts.NotYetVisible)
	report = l.records(t, exitClean, "loki", exporttest.Loki(t, captured(t, 0, 305)))
	require.Equal(t, uint64(305), report.Counts.Verified)
}
