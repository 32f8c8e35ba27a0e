package openstackauditevidenceprocessor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence/evidencetest"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditevidenceprocessor/internal/metadata"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditevidenceprocessor/internal/metadatatest"
)

// Git does not keep the mode of the key that the lifecycle test uses, which protects nothing.
var _ = os.Chmod(filepath.Join("testdata", "evidence.key"), 0o600)

const origin = "audit.example.com/ctl01"

// harness runs the processor in front of a consumer that can refuse.
type harness struct {
	t         testing.TB
	config    *Config
	verifier  *evidence.Verifier
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	factory   processor.Factory
	processor processor.Logs
	next      *sink
	host      *statusHost
}

func newHarness(t testing.TB, change func(*Config)) *harness {
	t.Helper()
	keyFile, public := evidencetest.NewKey(t, origin)
	h := &harness{t: t, factory: NewFactory(), next: &sink{}, host: &statusHost{Host: componenttest.NewNopHost()}}
	var err error
	h.verifier, err = evidence.NewVerifier(public)
	require.NoError(t, err)
	h.config = createDefaultConfig().(*Config)
	h.config.Origin = origin
	h.config.Directory = filepath.Join(t.TempDir(), "evidence")
	h.config.KeyFile = keyFile
	h.config.CheckpointInterval = time.Hour // a test publishes when it wants to
	h.config.ExportInterval = 0
	if change != nil {
		change(h.config)
	}
	return h
}

func (h *harness) create(next consumer.Logs) processor.Logs {
	h.t.Helper()
	h.telemetry = componenttest.NewTelemetry()
	settings := metadatatest.NewSettings(h.telemetry)
	settings.ID = component.NewID(metadata.Type)
	core, logs := observer.New(zap.InfoLevel)
	settings.Logger, h.logs = zap.New(core), logs
	p, err := h.factory.CreateLogs(h.t.Context(), settings, h.config, next)
	require.NoError(h.t, err)
	return p
}

func (h *harness) start() {
	h.t.Helper()
	h.processor = h.create(h.next)
	require.NoError(h.t, h.processor.Start(h.t.Context(), h.host))
	h.t.Cleanup(h.stop)
}

func (h *harness) stop() {
	if h.processor != nil {
		require.NoError(h.t, h.processor.Shutdown(context.Background()))
		h.processor = nil
	}
}

// entries stops the processor and returns what stands in its log, of the kinds that tell of records.
func (h *harness) entries() []evidence.Entry {
	h.t.Helper()
	h.stop()
	data, err := os.ReadFile(filepath.Join(h.config.Directory, evidence.CheckpointPath))
	require.NoError(h.t, err)
	checkpoint, err := h.verifier.Open(data)
	require.NoError(h.t, err)
	var entries []evidence.Entry
	require.Less(h.t, checkpoint.Size, uint64(evidence.TileWidth))
	bundle, err := os.ReadFile(filepath.Join(h.config.Directory, evidence.BundlePath(0, int(checkpoint.Size))))
	require.NoError(h.t, err)
	for len(bundle) > 0 {
		var data []byte
		data, bundle, err = evidence.NextFramed(bundle)
		require.NoError(h.t, err)
		entry, err := evidence.ParseEntry(data)
		require.NoError(h.t, err)
		if entry.Kind != evidence.KindShard {
			entries = append(entries, entry)
		}
	}
	return entries
}

// block makes the next segment of the journal impossible to write; unblock ends that.
func (h *harness) block(size int) (unblock func()) {
	h.t.Helper()
	path := filepath.Join(h.config.Directory, "journal", fmt.Sprintf("%020d", size))
	require.NoError(h.t, os.MkdirAll(path, 0o700))
	return func() { require.NoError(h.t, os.Remove(path)) }
}

func records(uids ...string) plog.Logs {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "keystone")
	slice := resource.ScopeLogs().AppendEmpty().LogRecords()
	for i, uid := range uids {
		record := slice.AppendEmpty()
		record.SetEventName("openstack.audit.event")
		record.SetTimestamp(1_795_287_600_000_000_000)
		record.Body().SetStr(fmt.Sprintf("alice did %d", i))
		record.Attributes().PutStr("log.record.uid", uid)
	}
	return logs
}

func uids(entries []evidence.Entry) []string {
	var all []string
	for _, e := range entries {
		all = append(all, string(e.Kind)+e.UID)
	}
	return all
}

var errNotNow = errors.New("not now")

// sink remembers what it accepted, and answers with what refuse returns.
type sink struct {
	mu       sync.Mutex
	accepted []plog.Logs
	refuse   func(plog.Logs) error
}

func (s *sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *sink) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		if err := s.refuse(logs); err != nil {
			return err
		}
	}
	s.accepted = append(s.accepted, logs)
	return nil
}

func (s *sink) answer(refuse func(plog.Logs) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

func (s *sink) all() []plog.LogRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []plog.LogRecord
	for _, logs := range s.accepted {
		for record := range audit.Records(logs) {
			all = append(all, record)
		}
	}
	return all
}

// statusHost remembers what components report.
type statusHost struct {
	component.Host
	mu       sync.Mutex
	reported []componentstatus.Status
}

func (h *statusHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reported = append(h.reported, event.Status())
}

func (h *statusHost) statuses() []componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]componentstatus.Status(nil), h.reported...)
}
