package openstackauditprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditprocessor/internal/metadata"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditprocessor/internal/metadatatest"
)

// received is the observed time of all log records of the tests.
var received = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

const (
	notification = `{"message_id": "6655ec87-5a10-4d4b-b6bb-bd44f99864fb", "publisher_id": "identity.ctl01", ` +
		`"event_type": "identity.user.created", "priority": "INFO", "payload": {"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", ` +
		`"eventType": "activity", "id": "636063f1-0f17-5b84-be56-dc7be2732099", "eventTime": "2026-03-04T23:09:52.737192+0000", ` +
		`"action": "created.user", "outcome": "success", "target": {"id": "01ba7dcc3c69449c8c60c2f2a0370ca0", ` +
		`"typeURI": "data/security/account/user"}}, "timestamp": "2026-03-04 23:09:52.737397"}`
	line = `2026-03-04 23:09:52.737 22876 INFO oslo.messaging.notification.identity.user.created [None ` +
		`req-4de4a02c-e40d-4e7d-a73c-8f385cb8ebd9 906fbdac4e9b4d878493ad7f4158ef18 359bcc5cfc414ecab6d7156c51d6f676 - - default default] ` +
		notification
	native = `2026-03-04 23:09:52.737 22876 WARNING auditmiddleware [-] Event type: audit.cadf, Context: {}, ` +
		`Payload: {'typeURI': 'http://schemas.dmtf.org/cloud/audit/1.0/event', 'eventType': 'activity', ` +
		`'id': 'ce1ecece-1974-533d-81e1-c01337f7c956', 'eventTime': '2026-03-04T23:09:52.735120+00:00', 'action': 'create', ` +
		`'outcome': 'success', 'target': {'id': 't', 'typeURI': 'compute/server'}}`
	ordinary = `2026-03-04 23:09:52.737 22876 WARNING keystone.common.password_hashing [-] Truncating password to algorithm specific ` +
		`maximum length 72 characters.`
)

type harness struct {
	processor processor.Logs
	sink      *consumertest.LogsSink
	telemetry *componenttest.Telemetry
}

func newHarness(t testing.TB, change func(*Config)) *harness {
	t.Helper()
	h := &harness{sink: &consumertest.LogsSink{}, telemetry: componenttest.NewTelemetry()}
	config := createDefaultConfig().(*Config)
	if change != nil {
		change(config)
	}
	settings := metadatatest.NewSettings(h.telemetry)
	settings.ID = component.NewID(metadata.Type)
	settings.BuildInfo.Version = "0.0.0-test"
	var err error
	h.processor, err = NewFactory().CreateLogs(t.Context(), settings, config, h.sink)
	require.NoError(t, err)
	require.NoError(t, h.processor.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() {
		require.NoError(t, h.processor.Shutdown(t.Context()))
	})
	return h
}

// consume gives logs to the processor and returns what it gave on.
func (h *harness) consume(t testing.TB, logs plog.Logs) plog.Logs {
	t.Helper()
	h.sink.Reset()
	require.NoError(t, h.processor.ConsumeLogs(t.Context(), logs))
	all := plog.NewLogs()
	for _, part := range h.sink.AllLogs() {
		part.ResourceLogs().MoveAndAppendTo(all.ResourceLogs())
	}
	return all
}

// logsOf makes a log record of each body.
func logsOf(t testing.TB, bodies ...any) plog.Logs {
	t.Helper()
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, body := range bodies {
		lr := records.AppendEmpty()
		require.NoError(t, lr.Body().FromRaw(body))
		lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(received))
	}
	return logs
}

func first(t testing.TB, logs plog.Logs) (pcommon.Resource, plog.LogRecord) {
	t.Helper()
	require.Equal(t, 1, logs.LogRecordCount())
	rl := logs.ResourceLogs().At(0)
	return rl.Resource(), rl.ScopeLogs().At(0).LogRecords().At(0)
}

// fromTheWire is what the receiver makes of a notification.
func fromTheWire(t testing.TB, body string) plog.Logs {
	t.Helper()
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "0.0.0-test")
	logs, _ := mapper.Logs([]auditlog.Record{mapper.Read(auditlog.Message{Body: []byte(body), Received: received})})
	return logs
}
