package openstackauditevidenceprocessor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditevidenceprocessor/internal/metadatatest"
)

// TestNothingLeavesUnlogged looks into the journal while the next consumer has the records.
func TestNothingLeavesUnlogged(t *testing.T) {
	h := newHarness(t, nil)
	h.start()
	h.next.answer(func(plog.Logs) error {
		journal, err := os.ReadFile(filepath.Join(h.config.Directory, "journal", strings.Repeat("0", 19)+"1"))
		require.NoError(t, err)
		assert.Contains(t, string(journal), `"u":"a"`)
		assert.Contains(t, string(journal), `"u":"b"`)
		return nil
	})
	logs := records("a", "b")
	logs.MarkReadOnly()
	require.NoError(t, h.processor.ConsumeLogs(t.Context(), logs))
	assert.False(t, h.processor.Capabilities().MutatesData)
	sent := h.next.all()
	require.Len(t, sent, 2)

	entries := h.entries()
	require.Equal(t, []string{"a", "b"}, uids(entries))
	form := canonical.NewForm()
	form.Record(logs.ResourceLogs().At(0).Resource(), logs.ResourceLogs().At(0).ScopeLogs().At(0).Scope(), sent[0])
	sum, _ := form.Hash()
	assert.Equal(t, evidence.Entry{
		EventName: "openstack.audit.event", Hash: sum, Service: "keystone", Time: 1_795_287_600_000_000_000, UID: "a",
	}, entries[0])
}

func TestEmbed(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.Embed = true })
	h.start()
	assert.True(t, h.processor.Capabilities().MutatesData)
	require.NoError(t, h.processor.ConsumeLogs(t.Context(), records("a")))
	embedded, ok := h.next.all()[0].Attributes().Get(canonical.EmbedAttribute)
	require.True(t, ok)
	var fields map[string]string
	require.NoError(t, json.Unmarshal([]byte(embedded.Str()), &fields))
	assert.Equal(t, "a", fields["log_record_uid"])
	entries := h.entries()
	assert.Equal(t, canonical.Hash([]byte(embedded.Str())), entries[0].Hash)
}

func TestRedeliveryIsNotAppendedAgain(t *testing.T) {
	h := newHarness(t, nil)
	h.start()
	h.next.answer(func(plog.Logs) error { return errNotNow })
	require.ErrorIs(t, h.processor.ConsumeLogs(t.Context(), records("a")), errNotNow)
	h.next.answer(nil)
	require.NoError(t, h.processor.ConsumeLogs(t.Context(), records("a")))
	assert.Equal(t, []string{"a"}, uids(h.entries()))
}

// Of batches that are delivered at the same time, some of them again, each record is in the log once before it leaves.
func TestBatchesAtTheSameTime(t *testing.T) {
	h := newHarness(t, nil)
	h.start()
	const batches, each = 8, 12
	var sending sync.WaitGroup
	var want []string
	for batch := range batches {
		for i := range each {
			want = append(want, fmt.Sprint(batch, "-", i, "-a"), fmt.Sprint(batch, "-", i, "-b"))
		}
		sending.Go(func() {
			for i := range each {
				for range 2 {
					logs := records(fmt.Sprint(batch, "-", i, "-a"), fmt.Sprint(batch, "-", i, "-b"))
					assert.NoError(t, h.processor.ConsumeLogs(t.Context(), logs))
				}
			}
		})
	}
	sending.Wait()
	require.ElementsMatch(t, want, uids(h.entries()))
	require.Len(t, h.next.all(), 2*len(want))
}

func TestHold(t *testing.T) {
	h := newHarness(t, nil)
	unblock := h.block(0)
	h.start()
	err := h.processor.ConsumeLogs(t.Context(), records("a", "b"))
	require.Error(t, err)
	assert.False(t, consumererror.IsPermanent(err))
	assert.Empty(t, h.next.all())
	require.Error(t, h.processor.ConsumeLogs(t.Context(), records("a", "b")))
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, h.host.statuses())
	assert.Equal(t, 1, h.logs.FilterMessage("the evidence log cannot be written; trying again").Len(), "it is said once")
	assertSum(t, h, "held_records", 4)
	unblock()
	require.NoError(t, h.processor.ConsumeLogs(t.Context(), records("a", "b")))
	assert.Equal(t, componentstatus.StatusOK, h.host.statuses()[1])
	assert.Equal(t, 1, h.logs.FilterMessage("the evidence log is written again").Len())
	assert.Equal(t, []string{"a", "b"}, uids(h.entries()))
}

func TestPass(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.OnFailure = FailurePass })
	unblock := h.block(0)
	h.start()
	require.NoError(t, h.processor.ConsumeLogs(t.Context(), records("a", "b")))
	require.NoError(t, h.processor.ConsumeLogs(t.Context(), records("c")))
	assert.Len(t, h.next.all(), 3)
	assertSum(t, h, "passed_records", 3)
	unblock()
	require.NoError(t, h.processor.ConsumeLogs(t.Context(), records("d")))
	entries := h.entries()
	require.Equal(t, []string{"gap", "d"}, uids(entries))
	assert.Equal(t, uint64(3), entries[0].Count)
}

// TestHalted: both policies hold for a log that was halted too.
func TestHalted(t *testing.T) {
	for _, policy := range []FailurePolicy{FailureHold, FailurePass} {
		t.Run(string(policy), func(t *testing.T) {
			h := newHarness(t, func(c *Config) { c.OnFailure = policy })
			h.start()
			require.NoError(t, h.processor.ConsumeLogs(t.Context(), records("a")))
			h.stop()
			require.NoError(t, os.RemoveAll(h.config.Directory))
			h.start()
			err := h.processor.ConsumeLogs(t.Context(), records("b"))
			assert.Equal(t, policy == FailureHold, err != nil, "%v", err)
			assert.False(t, consumererror.IsPermanent(err))
			assert.Equal(t, []componentstatus.Status{componentstatus.StatusPermanentError}, h.host.statuses())
			messages := h.logs.FilterMessageSnippet("the evidence log is halted")
			require.Equal(t, 1, messages.Len())
			assertGauge(t, h, "halted", 1)
			h.stop()
			assert.NoFileExists(t, filepath.Join(h.config.Directory, evidence.CheckpointPath))
		})
	}
}

func TestRefusedRecordIsNoted(t *testing.T) {
	h := newHarness(t, nil)
	h.start()
	h.next.answer(func(plog.Logs) error { return consumererror.NewPermanent(errNotNow) })
	require.Error(t, h.processor.ConsumeLogs(t.Context(), records("a")))
	assertSum(t, h, "refused_records", 1)
	entries := h.entries()
	require.Equal(t, []string{"a", "refuseda"}, uids(entries))
	entries[0].Kind = evidence.KindRefused
	assert.Equal(t, entries[0], entries[1], "it is the same record")
}

// TestHalvedBatch: a receiver halves a rejected batch until the bad record stands alone, and only that is noted.
func TestHalvedBatch(t *testing.T) {
	h := newHarness(t, nil)
	h.start()
	h.next.answer(func(logs plog.Logs) error {
		for _, record := range logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			if uid, _ := record.Attributes().Get("log.record.uid"); uid.Str() == "bad" {
				return consumererror.NewPermanent(errNotNow)
			}
		}
		return nil
	})
	all := records("a", "bad", "c")
	require.Error(t, h.processor.ConsumeLogs(t.Context(), all))
	for i := range 3 {
		single := plog.NewLogs()
		all.CopyTo(single)
		at := -1
		single.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().RemoveIf(func(plog.LogRecord) bool { at++; return at != i })
		err := h.processor.ConsumeLogs(t.Context(), single)
		assert.Equal(t, i == 1, err != nil)
	}
	assert.Equal(t, []string{"a", "bad", "c", "refusedbad"}, uids(h.entries()))
}

// TestBatchThatDoesNotComeAgain: whoever sent it dropped it, with all records.
func TestBatchThatDoesNotComeAgain(t *testing.T) {
	var written []string
	now := time.Unix(1_795_287_600, 0)
	fails := true
	r := &refusals{now: func() time.Time { return now }, append: func(b *evidence.Batch) error {
		if fails {
			return errNotNow
		}
		for _, entry := range b.Entries() {
			written = append(written, string(entry.Kind)+entry.UID)
		}
		return nil
	}}
	var b evidence.Batch
	b.Add(&evidence.Entry{UID: "a"})
	b.Add(&evidence.Entry{UID: "b"})
	r.refused(&b)
	r.flush(false)
	assert.Empty(t, written)
	now = now.Add(comesAgainWithin + time.Second)
	r.flush(false)
	assert.Empty(t, written)
	fails = false
	r.flush(false)
	slices.Sort(written)
	assert.Equal(t, []string{"refuseda", "refusedb"}, written)
	assert.Empty(t, r.waiting)
}

func TestCheckpointIsExported(t *testing.T) {
	h := newHarness(t, func(c *Config) {
		c.CheckpointInterval, c.ExportInterval = 100*time.Millisecond, time.Second
	})
	h.start()
	require.NoError(t, h.processor.ConsumeLogs(t.Context(), records("a")))
	require.Eventually(t, func() bool { return len(h.next.all()) > 1 }, 10*time.Second, 10*time.Millisecond)
	record := h.next.all()[1]
	assert.Equal(t, "openstack.audit.checkpoint", record.EventName())
	text, ok := record.Attributes().Get("openstack.audit.checkpoint.note")
	require.True(t, ok)
	checkpoint, err := h.verifier.Open([]byte(text.Str()))
	require.NoError(t, err)
	assert.Contains(t, record.Body().Str(), fmt.Sprintf("evidence log %s had %d entries", origin, checkpoint.Size))
	uid, _ := record.Attributes().Get("log.record.uid")
	assert.Contains(t, uids(h.entries()), uid.Str(), "it is in the log as any other record")
}

// TestExportSurvivesARestart: what is in the log as a checkpoint's record reaches the pipeline, though it was refused until the end.
func TestExportSurvivesARestart(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.ExportInterval = time.Second })
	h.start()
	h.next.answer(func(plog.Logs) error { return errNotNow })
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(h.config.Directory, "outgoing"))
		return err == nil && h.logs.FilterMessageSnippet("could not be exported").Len() > 0
	}, 10*time.Second, 10*time.Millisecond)
	h.stop()
	h.next.answer(nil)
	h.start()
	require.Eventually(t, func() bool { return len(h.next.all()) > 0 }, 10*time.Second, 10*time.Millisecond)
	uid, _ := h.next.all()[0].Attributes().Get("log.record.uid")
	logged := uids(h.entries())
	assert.Contains(t, logged, uid.Str())
	for _, uid := range logged {
		assert.True(t, slices.ContainsFunc(h.next.all(), func(r plog.LogRecord) bool {
			is, _ := r.Attributes().Get("log.record.uid")
			return is.Str() == uid
		}), "the record of %s was sent", uid)
	}
}

func TestPipelinesShareALog(t *testing.T) {
	h := newHarness(t, nil)
	h.start()
	other := h.create(&sink{})
	require.NoError(t, other.Start(t.Context(), h.host))
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() { assert.NoError(t, h.processor.ConsumeLogs(t.Context(), records(fmt.Sprint("a", i)))) })
		group.Go(func() { assert.NoError(t, other.ConsumeLogs(t.Context(), records(fmt.Sprint("b", i)))) })
	}
	group.Wait()
	require.NoError(t, other.Shutdown(t.Context()))
	require.NoError(t, h.processor.ConsumeLogs(t.Context(), records("last")))
	assert.Len(t, h.entries(), 21)
}

func TestStartFails(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(t *testing.T, h *harness)
		message string
	}{
		{"no key", func(t *testing.T, h *harness) { require.NoError(t, os.Remove(h.config.KeyFile)) }, "key_file: open"},
		{"a key that others may read", func(t *testing.T, h *harness) { require.NoError(t, os.Chmod(h.config.KeyFile, 0o644)) }, "chmod 0600"},
		{"the key of another log", func(_ *testing.T, h *harness) { h.config.Origin = "other" },
			"key_file: is the key of audit.example.com/ctl01, and origin is other"},
		{"another process writes", func(t *testing.T, h *harness) {
			signer, err := evidence.ReadSigner(h.config.KeyFile)
			require.NoError(t, err)
			log, err := evidence.Open(t.Context(), evidence.Options{Directory: h.config.Directory, Signer: signer})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, log.Close(t.Context())) })
		}, "directory: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t, nil)
			test.change(t, h)
			p := h.create(h.next)
			err := p.Start(t.Context(), h.host)
			require.ErrorContains(t, err, test.message)
			private, readErr := os.ReadFile(h.config.KeyFile)
			if readErr == nil {
				assert.NotContains(t, err.Error(), string(private))
			}
			require.NoError(t, p.Shutdown(t.Context()))
		})
	}
}

func TestMetrics(t *testing.T) {
	h := newHarness(t, nil)
	h.start()
	require.NoError(t, h.processor.ConsumeLogs(t.Context(), records("a", "b")))
	assertGauge(t, h, "entries", 3)
	assertGauge(t, h, "unsigned_entries", 2) // the shard's is signed at the start
	assertGauge(t, h, "halted", 0)
	assertGauge(t, h, "damaged_bytes", 0)
	for _, name := range []string{"append_duration", "checkpoint_age"} {
		_, err := h.telemetry.GetMetric("otelcol_openstack_audit_evidence_processor_" + name)
		require.NoError(t, err)
	}
}

// TestDamage: what the disk changed in the journal while the collector was down is measured, and said.
func TestDamage(t *testing.T) {
	h := newHarness(t, nil)
	h.start()
	require.NoError(t, h.processor.ConsumeLogs(t.Context(), records("a", "b", "c")))
	copied := filepath.Join(t.TempDir(), "evidence") // as a power failure leaves it: nothing is signed at the end
	require.NoError(t, os.CopyFS(copied, os.DirFS(h.config.Directory)))
	h.stop()
	h.config.Directory = copied
	segments, err := filepath.Glob(filepath.Join(copied, "journal", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, segments)
	segment := segments[len(segments)-1]
	data, err := os.ReadFile(filepath.Clean(segment))
	require.NoError(t, err)
	entry := bytes.Index(data, []byte(`"u":"b"`))
	require.Positive(t, entry)
	data[entry+5] = 'x'
	require.NoError(t, os.WriteFile(segment, data, 0o600))

	h.start()
	damaged, err := h.telemetry.GetMetric("otelcol_openstack_audit_evidence_processor_damaged_bytes")
	require.NoError(t, err)
	points := damaged.Data.(metricdata.Gauge[int64]).DataPoints
	require.Len(t, points, 1)
	assert.InDelta(t, len(data)/3, points[0].Value, 50, "an entry of three")
	assert.Equal(t, 1, h.logs.FilterMessageSnippet("entries were damaged").Len())
	h.stop()
	h.start()
	assertGauge(t, h, "damaged_bytes", 0) // it was cut out
}

func attributes() attribute.Set {
	return attribute.NewSet(attribute.String("processor", "openstack_audit_evidence"))
}

func assertSum(t *testing.T, h *harness, name string, want int64) {
	t.Helper()
	points := []metricdata.DataPoint[int64]{{Value: want, Attributes: attributes()}}
	options := []metricdatatest.Option{metricdatatest.IgnoreTimestamp()}
	switch name {
	case "held_records":
		metadatatest.AssertEqualOpenstackAuditEvidenceProcessorHeldRecords(t, h.telemetry, points, options...)
	case "passed_records":
		metadatatest.AssertEqualOpenstackAuditEvidenceProcessorPassedRecords(t, h.telemetry, points, options...)
	default:
		metadatatest.AssertEqualOpenstackAuditEvidenceProcessorRefusedRecords(t, h.telemetry, points, options...)
	}
}

func assertGauge(t *testing.T, h *harness, name string, want int64) {
	t.Helper()
	points := []metricdata.DataPoint[int64]{{Value: want, Attributes: attributes()}}
	options := []metricdatatest.Option{metricdatatest.IgnoreTimestamp()}
	switch name {
	case "entries":
		metadatatest.AssertEqualOpenstackAuditEvidenceProcessorEntries(t, h.telemetry, points, options...)
	case "damaged_bytes":
		metadatatest.AssertEqualOpenstackAuditEvidenceProcessorDamagedBytes(t, h.telemetry, points, options...)
	case "unsigned_entries":
		metadatatest.AssertEqualOpenstackAuditEvidenceProcessorUnsignedEntries(t, h.telemetry, points, options...)
	default:
		metadatatest.AssertEqualOpenstackAuditEvidenceProcessorHalted(t, h.telemetry, points, options...)
	}
}
