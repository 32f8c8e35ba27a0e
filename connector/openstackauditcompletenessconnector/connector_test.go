package openstackauditcompletenessconnector

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditcompletenessconnector/internal/metadata"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/storagetest"
)

var storageID = component.MustNewID("memory")

type storageHost map[component.ID]component.Component

func (h storageHost) GetExtensions() map[component.ID]component.Component { return h }

// running is a connector with both sides. It is checked by hand alone.
type running struct {
	*checker
	t                     *testing.T
	logsSide, metricsSide connector.Logs
	telemetry             *componenttest.Telemetry
	findings              consumertest.LogsSink
	totals                consumertest.MetricsSink
	// refuse is what the logs pipeline answers.
	refuse error
}

func newRunning(t *testing.T, host component.Host, change ...func(*Config)) *running {
	t.Helper()
	config := createDefaultConfig().(*Config)
	config.FlushInterval = time.Hour
	for _, f := range change {
		f(config)
	}
	r := &running{t: t, telemetry: componenttest.NewTelemetry()}
	settings := connectortest.NewNopSettings(metadata.Type)
	settings.TelemetrySettings = r.telemetry.NewTelemetrySettings()
	factory := NewFactory()
	refusing, err := consumer.NewLogs(func(ctx context.Context, logs plog.Logs) error {
		if r.refuse != nil {
			return r.refuse
		}
		return r.findings.ConsumeLogs(ctx, logs)
	})
	require.NoError(t, err)
	r.logsSide, err = factory.CreateLogsToLogs(t.Context(), settings, config, refusing)
	require.NoError(t, err)
	r.metricsSide, err = factory.CreateLogsToMetrics(t.Context(), settings, config, &r.totals)
	require.NoError(t, err)
	r.checker = r.logsSide.(*side).checker
	require.Same(t, r.checker, r.metricsSide.(*side).checker)
	require.NoError(t, r.logsSide.Start(t.Context(), host))
	require.NoError(t, r.metricsSide.Start(t.Context(), host))
	return r
}

// consume gives records to both sides, as the Collector does.
func (r *running) consume(logs plog.Logs) {
	r.t.Helper()
	require.NoError(r.t, r.logsSide.ConsumeLogs(r.t.Context(), logs))
	require.NoError(r.t, r.metricsSide.ConsumeLogs(r.t.Context(), logs))
}

func (r *running) found() {
	r.tracker.mu.Lock()
	defer r.tracker.mu.Unlock()
	r.tracker.find(finding{Kind: kindResponse, State: stateOpen})
}

func (r *running) stop() {
	r.t.Helper()
	require.NoError(r.t, r.logsSide.Shutdown(r.t.Context()))
	require.NoError(r.t, r.metricsSide.Shutdown(r.t.Context()))
	require.NoError(r.t, r.logsSide.Shutdown(r.t.Context()), "it may be called again")
	require.NoError(r.t, r.telemetry.Shutdown(r.t.Context()))
}

// Both sides get every record, and it counts once. What was counted last is flushed at the shutdown.
func TestBothSides(t *testing.T) {
	r := newRunning(t, componenttest.NewNopHost())
	logs := capture(t, "amqp-audit-middleware")
	r.consume(logs)
	r.stop()
	require.Len(t, r.totals.AllMetrics(), 1)
	values := values(r.totals.AllMetrics()[0])
	require.EqualValues(t, 88, values["nova openstack.audit.publisher.records openstack.audit.publisher=nova-api"])
	require.EqualValues(t, 0, values[repeats+"redelivered"])
	require.Empty(t, r.findings.AllLogs())
}

func TestPipelineRefusesFindings(t *testing.T) {
	r := newRunning(t, componenttest.NewNopHost())
	r.found()
	r.refuse = errors.New("queue is full")
	r.check(t.Context(), time.Now(), r.flushes...)
	r.check(t.Context(), time.Now(), r.flushes...)
	require.Zero(t, r.findings.LogRecordCount())
	r.refuse = nil
	r.found()
	r.check(t.Context(), time.Now(), r.flushes...)
	require.Equal(t, 2, r.findings.LogRecordCount(), "what was refused for now comes with the next")
	r.refuse = consumererror.NewPermanent(errors.New("never"))
	r.found()
	r.check(t.Context(), time.Now(), r.flushes...)
	r.refuse = nil
	r.check(t.Context(), time.Now(), r.flushes...)
	require.Equal(t, 2, r.findings.LogRecordCount(), "what was rejected permanently does not come again")
	failures, err := r.telemetry.GetMetric("otelcol_openstack_audit_completeness_connector_flush_failures")
	require.NoError(t, err)
	require.NotNil(t, failures)
	r.stop()
}

// A request that waits at the shutdown is waited for after the start, and what waited is not missed because of the time between.
func TestRestart(t *testing.T) {
	memory := storagetest.NewMemory()
	host := storageHost{storageID: memory}
	stored := func(c *Config) { c.Storage = &storageID }
	r := newRunning(t, host, stored)
	l := newLab(t) // makes records
	l.now = time.Now().Add(-48 * time.Hour)
	r.tracker.observe(l.logsOf(asked("x"), answered("x"), asked("a")), l.now)
	r.tracker.observe(l.logsOf(numbers("s", 0, 1)...), l.now)
	r.stop()
	require.Contains(t, memory.Values(), stateKey)

	r = newRunning(t, host, stored)
	require.NotContains(t, memory.Values(), stateKey, "after a crash it would be out of date")
	now := time.Now()
	l.now = now
	r.tracker.observe(l.logsOf(asked("b"), answered("b")), now)
	r.tracker.observe(l.logsOf(numbers("s", 3)...), now)
	r.tracker.check(now)
	require.Empty(t, r.tracker.unsent(), "the time without a collector does not count")
	now = now.Add(20 * time.Minute)
	l.now = now
	r.tracker.observe(l.logsOf(asked("c"), answered("c"), numbered("s", 4)), now)
	r.tracker.check(now)
	kindsFound := map[kind]int{}
	for _, f := range r.tracker.unsent() {
		kindsFound[f.Kind]++
	}
	require.Equal(t, map[kind]int{kindResponse: 1, kindSequence: 1}, kindsFound)
	r.stop()
	require.Equal(t, 2, r.findings.LogRecordCount(), "what was found is flushed at the shutdown")
}

func TestStorage(t *testing.T) {
	for _, test := range []struct {
		name string
		host storageHost
		want string
	}{
		{"is not there", storageHost{}, `storage: there is no extension "memory": name it in extensions and in service::extensions`},
		{"is none", storageHost{storageID: &struct {
			component.StartFunc
			component.ShutdownFunc
		}{}}, `storage: the extension "memory" is no storage`},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := createDefaultConfig().(*Config)
			config.Storage = &storageID
			c, err := NewFactory().CreateLogsToLogs(t.Context(), connectortest.NewNopSettings(metadata.Type), config, consumertest.NewNop())
			require.NoError(t, err)
			require.EqualError(t, c.Start(t.Context(), test.host), test.want)
			require.NoError(t, c.Shutdown(t.Context()))
		})
	}
	memory := storagetest.NewMemory()
	memory.Break(true)
	r := newRunning(t, storageHost{storageID: memory}, func(c *Config) { c.Storage = &storageID })
	r.consume(capture(t, "amqp-audit-middleware"))
	r.stop()
}

// The connector checks and flushes by itself.
func TestFlushes(t *testing.T) {
	r := newRunning(t, componenttest.NewNopHost(), func(c *Config) { c.FlushInterval = 100 * time.Millisecond })
	r.consume(capture(t, "amqp-audit-middleware"))
	r.found()
	require.Eventually(t, func() bool {
		return r.findings.LogRecordCount() == 1 && len(r.totals.AllMetrics()) > 1
	}, time.Minute, 10*time.Millisecond)
	r.stop()
}
