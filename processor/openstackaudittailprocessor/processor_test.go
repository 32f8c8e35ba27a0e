package openstackaudittailprocessor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/tail"
)

func newProcessor(t testing.TB, factory processor.Factory, config *Config, next consumer.Logs, logger *zap.Logger) processor.Logs {
	t.Helper()
	settings := processortest.NewNopSettings(factory.Type())
	settings.Logger = logger
	p, err := factory.CreateLogs(context.Background(), settings, config, next)
	require.NoError(t, err)
	return p
}

func start(t testing.TB, p processor.Logs) {
	t.Helper()
	require.NoError(t, p.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
}

func config(t testing.TB) *Config {
	t.Helper()
	folder, err := os.MkdirTemp("", "tail") //nolint:usetesting // t.TempDir's is too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	return &Config{Socket: filepath.Join(folder, "state", "tail.sock")}
}

func record(body string) plog.Logs {
	logs := plog.NewLogs()
	logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(body)
	return logs
}

// bodies hands each body over.
type bodies chan string

func (b bodies) Record(_ []byte, logs plog.Logs) error {
	for record := range audit.Records(logs) {
		b <- record.Body().AsString()
	}
	return nil
}

func (b bodies) Dropped(uint64) error { return nil }

func TestTwoPipelinesShareTheSocket(t *testing.T) {
	t.Parallel()
	factory, c, logger := NewFactory(), config(t), zap.NewNop()
	refusing := errors.New("not now")
	first := newProcessor(t, factory, c, consumertest.NewNop(), logger)
	second := newProcessor(t, factory, c, consumertest.NewErr(refusing), logger)
	start(t, first)
	start(t, second)
	require.False(t, first.Capabilities().MutatesData)

	got := make(bodies, 100)
	watched := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { watched <- tail.Watch(ctx, c.Socket, tail.Filter{}, func() {}, got) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-watched)
	})
	require.Eventually(t, func() bool { // until the viewer is known
		require.NoError(t, first.ConsumeLogs(t.Context(), record("first")))
		return len(got) > 0
	}, collectortest.Patience, time.Millisecond)
	require.ErrorIs(t, second.ConsumeLogs(t.Context(), record("refused")), refusing)
	require.NoError(t, first.ConsumeLogs(t.Context(), record("last")))
	for body := range got {
		require.NotEqual(t, "refused", body)
		if body == "last" {
			break
		}
	}
}

// Without a socket records pass nevertheless.
func TestNoSocket(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.WarnLevel)
	sink := &consumertest.LogsSink{}
	p := newProcessor(t, NewFactory(), &Config{Socket: "/proc/none/tail.sock"}, sink, zap.New(core))
	start(t, p)
	require.NoError(t, p.ConsumeLogs(t.Context(), record("passes")))
	require.Equal(t, 1, sink.LogRecordCount())
	require.Equal(t, 1, logged.FilterMessageSnippet("no socket for audit-tail").Len())
}

func TestConfigNeedsASocket(t *testing.T) {
	t.Parallel()
	require.NoError(t, confmap.Validate(createDefaultConfig()))
	require.ErrorContains(t, confmap.Validate(&Config{}), "socket: is empty")
}

// A batch of 500 records with 24 attributes each, as a login has.
func fullBatch() plog.Logs {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range 500 {
		record := records.AppendEmpty()
		record.Body().SetStr("alice created user bob in project demo from 192.0.2.7: success")
		for i := range 24 {
			record.Attributes().PutStr("openstack.attribute."+strconv.Itoa(i), "702b12ec7f0e4f7d93944e0f1c0a6b3d")
		}
	}
	return logs
}

// What a batch costs while nobody looks.
func BenchmarkNobodyLooks(b *testing.B) {
	p := newProcessor(b, NewFactory(), config(b), consumertest.NewNop(), zap.NewNop())
	start(b, p)
	logs := fullBatch()
	b.ReportAllocs()
	for b.Loop() {
		_ = p.ConsumeLogs(context.Background(), logs)
	}
}

// What the Collector would do to each batch for a second exporter in the pipeline.
func BenchmarkCopyForASecondExporter(b *testing.B) {
	logs := fullBatch()
	b.ReportAllocs()
	for b.Loop() {
		logs.CopyTo(plog.NewLogs())
	}
}
