package keystoneattributesprocessor

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/storagetest"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor/internal/metadata"
)

// patience is how long a test waits for what must come: a loaded machine must not decide.
const patience = time.Minute

var storageID = component.MustNewIDWithName("memory", "names")

// harness runs a processor with a Keystone of the test.
type harness struct {
	t         testing.TB
	http      *httptest.Server
	config    *Config
	host      component.Host
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	logger    *zap.Logger

	sink      *consumertest.LogsSink
	processor processor.Logs
}

func newHarness(t testing.TB, server *keystonetest.Server, change func(*Config), extension *storagetest.Memory) *harness {
	httpServer := httptest.NewServer(server)
	t.Cleanup(httpServer.Close)
	config := NewDefaultConfig()
	config.Preload = false
	config.Wait, config.HTTP.Timeout = patience, patience
	config.Auth = configoptional.Some(AuthConfig{
		AuthURL: httpServer.URL, Username: keystonetest.Username, UserDomainName: "Default",
		Password: configopaque.String(keystonetest.Password), SystemScope: "all",
	})
	if change != nil {
		change(config)
	}
	core, logs := observer.New(zapcore.DebugLevel)
	h := &harness{t: t, http: httpServer, config: config, logs: logs, logger: zap.New(core), host: componenttest.NewNopHost()}
	if extension != nil {
		h.host = storageHost{storageID: extension}
	}
	return h
}

func (h *harness) start() {
	h.telemetry = componenttest.NewTelemetry()
	set := processortest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type) // the same after a restart
	set.TelemetrySettings = h.telemetry.NewTelemetrySettings()
	set.Logger = h.logger
	h.sink = &consumertest.LogsSink{}
	var err error
	h.processor, err = NewFactory().CreateLogs(context.Background(), set, h.config, h.sink)
	require.NoError(h.t, err)
	require.NoError(h.t, h.processor.Start(context.Background(), h.host))
}

func (h *harness) stop() {
	require.NoError(h.t, h.processor.Shutdown(context.Background()))
	require.NoError(h.t, h.telemetry.Shutdown(context.Background()))
}

func (h *harness) consume(logs plog.Logs) error {
	return h.processor.ConsumeLogs(context.Background(), logs)
}

func (h *harness) last() plog.Logs {
	all := h.sink.AllLogs()
	return all[len(all)-1]
}

// storageHost is a host with one storage extension.
type storageHost map[component.ID]component.Component

func (h storageHost) GetExtensions() map[component.ID]component.Component { return h }

// point is a value of a metric and its attributes, as key, value, key, value.
type point struct {
	value      int64
	attributes []string
}

func points(wanted ...point) []metricdata.DataPoint[int64] {
	made := make([]metricdata.DataPoint[int64], len(wanted))
	for i, p := range wanted {
		var attributes []attribute.KeyValue
		for n := 0; n < len(p.attributes); n += 2 {
			attributes = append(attributes, attribute.String(p.attributes[n], p.attributes[n+1]))
		}
		made[i] = metricdata.DataPoint[int64]{Value: p.value, Attributes: attribute.NewSet(attributes...)}
	}
	return made
}
