package auditlog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// received is the clock of all messages of the tests.
var received = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// readCapture returns the messages of a capture.
func readCapture(t testing.TB, capture string) []auditlog.Message {
	t.Helper()
	bodies := fixtures.Bodies(t, capture)
	messages := make([]auditlog.Message, len(bodies))
	for i, body := range bodies {
		messages[i] = auditlog.Message{Body: body, Received: received}
	}
	return messages
}

func mapAll(t testing.TB, config auditlog.Config, messages []auditlog.Message) []auditlogtest.Line {
	t.Helper()
	mapper := auditlog.NewMapper(config, "0.0.0-test")
	records := make([]auditlog.Record, len(messages))
	for i, m := range messages {
		records[i] = mapper.Read(m)
	}
	logs, _ := mapper.Logs(records)
	return auditlogtest.Lines(logs)
}

func TestGolden(t *testing.T) {
	captures := fixtures.Names(t, "notifications", ".jsonl")
	require.Len(t, captures, 7)
	config := auditlog.NewDefaultConfig()
	config.OtherNotifications = auditlog.Keep
	for _, capture := range captures {
		t.Run(capture, func(t *testing.T) {
			messages := readCapture(t, capture)
			lines := mapAll(t, config, messages)
			require.Len(t, lines, len(messages))
			auditlogtest.Golden(t, fixtures.Path(t, "golden/notifications/"+capture+".jsonl"), lines)
		})
	}
}
