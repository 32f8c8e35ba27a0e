package auditlog_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
)

const notifications = "../../testdata/notifications"

// received is the clock of all messages of the tests.
var received = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// readCapture returns the bodies of the messages of a capture.
func readCapture(t testing.TB, path string) []auditlog.Message {
	t.Helper()
	file, err := os.Open(filepath.Clean(path))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	var messages []auditlog.Message
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var delivery struct{ Body string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &delivery))
		messages = append(messages, auditlog.Message{Body: []byte(delivery.Body), Received: received})
	}
	require.NoError(t, lines.Err())
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
	captures, err := filepath.Glob(notifications + "/*.jsonl")
	require.NoError(t, err)
	require.Len(t, captures, 7)
	config := auditlog.NewDefaultConfig()
	config.OtherNotifications = auditlog.Keep
	for _, capture := range captures {
		t.Run(filepath.Base(capture), func(t *testing.T) {
			messages := readCapture(t, capture)
			lines := mapAll(t, config, messages)
			require.Len(t, lines, len(messages))
			auditlogtest.Golden(t, strings.Replace(capture, "notifications", "golden/notifications", 1), lines)
		})
	}
}
