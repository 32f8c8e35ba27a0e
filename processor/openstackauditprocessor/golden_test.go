package openstackauditprocessor

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
)

var testdataFolder = filepath.Join("..", "..", "testdata")

// capturedLogs are whole log files of services: their lines, with warnings and
// tracebacks between, and the audit events among them.
var capturedLogs = map[string]struct{ lines, events int }{
	"audit-middleware-log-driver-sapcc.log": {49, 44},
	"audit-middleware-log-driver.log":       {389, 204}, // 20 of them are Glance's own image.*
	"audit-middleware-native-sapcc.log":     {49, 44},
	"audit-middleware-native.log":           {103, 90},
	"keystone-log-basic.log":                {1091, 146},
	"keystone-log-context-format.log":       {723, 85},
	"keystone-log-driver.log":               {1100, 146},
	"keystone-log-json.log":                 {250, 146},
}

// recordsOf gives each line of a log to the processor.
func recordsOf(t *testing.T, file string) (lines int, records []auditlogtest.Line) {
	t.Helper()
	content, err := os.ReadFile(filepath.Clean(file))
	require.NoError(t, err)
	var bodies []any
	for line := range strings.Lines(string(content)) {
		bodies = append(bodies, strings.TrimSuffix(line, "\n"))
	}
	h := newHarness(t, func(c *Config) { c.Records.OtherNotifications = auditlog.Keep })
	return len(bodies), auditlogtest.Lines(h.consume(t, logsOf(t, bodies...)))
}

func TestGolden(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdataFolder, "loglines", "*.log"))
	require.NoError(t, err)
	require.Len(t, files, len(capturedLogs))
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			lines, records := recordsOf(t, file)
			want := capturedLogs[name]
			assert.Equal(t, want.lines, lines)
			assert.Len(t, records, want.events)
			once := map[any]bool{}
			for _, r := range records {
				uid := r.Attributes[audit.AttrRecordUID]
				assert.NotEmpty(t, uid)
				assert.False(t, once[uid], "%v is there twice", uid)
				once[uid] = true
				assert.NotContains(t, r.Attributes, audit.AttrNotificationDecodeError)
			}
			auditlogtest.Golden(t, filepath.Join(testdataFolder, "golden", "loglines", strings.TrimSuffix(name, ".log")+".jsonl"), records)
		})
	}
}

// The two were taken at once: Keystone sent each notification to RabbitMQ and to
// its log, but for the 12 of its bootstrap.
func TestLogAndBrokerGiveTheSameRecords(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(testdataFolder, "notifications", "amqp-keystone-messagingv2.jsonl"))
	require.NoError(t, err)
	wire := map[any]auditlogtest.Line{}
	for text := range strings.Lines(string(content)) {
		var delivery struct{ Body string }
		require.NoError(t, json.Unmarshal([]byte(text), &delivery))
		for _, r := range auditlogtest.Lines(fromTheWire(t, delivery.Body)) {
			wire[r.Attributes[audit.AttrRecordUID]] = r
		}
	}
	require.Len(t, wire, 158)

	done := whatWasDone(t)
	_, logged := recordsOf(t, filepath.Join(testdataFolder, "loglines", "keystone-log-driver.log"))
	require.Len(t, logged, 146)
	named := 0
	for _, r := range logged {
		want, ok := wire[r.Attributes[audit.AttrRecordUID]]
		require.True(t, ok)
		if _, known := want.Attributes[audit.AttrUserID]; !known && takeActor(t, &r, &want) {
			named++
			uid := r.Attributes[audit.AttrRecordUID].(string)
			assert.Equal(t, done[uid], r.Attributes[audit.AttrUserID], "who really did it")
		}
		assert.Equal(t, true, r.Attributes[audit.AttrNotificationPlainText])
		delete(r.Attributes, audit.AttrNotificationPlainText)
		assert.Equal(t, want, r)
	}
	assert.Equal(t, 19, named, "the events without an initiator, of which the log's context names the actor")
}

// whatWasDone returns who really caused each message, by message id.
func whatWasDone(t *testing.T) map[string]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(testdataFolder, "notifications", "amqp-keystone-messagingv2.expected.json"))
	require.NoError(t, err)
	var expected struct {
		Messages []struct {
			MessageID string `json:"message_id"`
			Who       struct{ ID string }
		}
	}
	require.NoError(t, json.Unmarshal(content, &expected))
	who := map[string]string{}
	for _, m := range expected.Messages {
		who[m.MessageID] = m.Who.ID
	}
	return who
}

// takeActor moves what oslo.log's context told from the line's record to that of
// the wire, and says whether it told who it was.
func takeActor(t *testing.T, line, wire *auditlogtest.Line) bool {
	t.Helper()
	user, named := line.Attributes[audit.AttrUserID].(string)
	if !named {
		return false
	}
	for _, key := range []string{
		audit.AttrUserID, audit.AttrUserDomainID, audit.AttrProjectID, audit.AttrDomainID, audit.AttrRequestID, audit.AttrRequestGlobalID,
	} {
		if _, there := wire.Attributes[key]; !there {
			if value, told := line.Attributes[key]; told {
				wire.Attributes[key] = value
			}
		}
	}
	assert.Regexp(t, "^[0-9a-f]{32}$", user)
	assert.Contains(t, line.Attributes[audit.AttrRequestID], "req-")
	assert.NotEqual(t, wire.Body, line.Body, "the sentence names who it was")
	assert.Contains(t, line.Body, user)
	wire.Body = line.Body
	return true
}
