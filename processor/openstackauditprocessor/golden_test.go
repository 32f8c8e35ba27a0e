package openstackauditprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// recordsOf gives each line of a log to the processor.
func recordsOf(t *testing.T, log string) (lines int, records []auditlogtest.Line) {
	t.Helper()
	var bodies []any
	for _, line := range fixtures.Lines(t, "loglines/"+log+".log") {
		bodies = append(bodies, line)
	}
	h := newHarness(t, func(c *Config) { c.Records.OtherNotifications = auditlog.Keep })
	return len(bodies), auditlogtest.Lines(h.consume(t, logsOf(t, bodies...)))
}

func TestGolden(t *testing.T) {
	// Whole log files of services: their lines, with warnings and tracebacks between, and the audit events among them.
	tests := []struct {
		log           string
		lines, events int
	}{
		{"audit-middleware-log-driver-sapcc", 49, 44},
		{"audit-middleware-log-driver", 389, 204}, // 20 of them are Glance's own image.*
		{"audit-middleware-native-sapcc", 49, 44},
		{"audit-middleware-native", 103, 90},
		{"keystone-log-basic", 1091, 146},
		{"keystone-log-context-format", 723, 85},
		{"keystone-log-driver", 1100, 146},
		{"keystone-log-json", 250, 146},
	}
	require.Len(t, fixtures.Names(t, "loglines", ".log"), len(tests))
	for _, test := range tests {
		t.Run(test.log, func(t *testing.T) {
			lines, records := recordsOf(t, test.log)
			assert.Equal(t, test.lines, lines)
			assert.Len(t, records, test.events)
			once := map[any]bool{}
			for _, r := range records {
				uid := r.Attributes[audit.AttrRecordUID]
				assert.NotEmpty(t, uid)
				assert.False(t, once[uid], "%v is there twice", uid)
				once[uid] = true
				assert.NotContains(t, r.Attributes, audit.AttrNotificationDecodeError)
			}
			auditlogtest.Golden(t, fixtures.Path(t, "golden/loglines/"+test.log+".jsonl"), records)
		})
	}
}

// The two were taken at once: Keystone sent each notification to RabbitMQ and to
// its log, but for the 12 of its bootstrap.
func TestLogAndBrokerGiveTheSameRecords(t *testing.T) {
	wire := map[any]auditlogtest.Line{}
	for _, body := range fixtures.Bodies(t, fixtures.KeystoneMessagingV2) {
		for _, r := range auditlogtest.Lines(fromTheWire(t, string(body))) {
			wire[r.Attributes[audit.AttrRecordUID]] = r
		}
	}
	require.Len(t, wire, 158)

	done := whatWasDone(t)
	_, logged := recordsOf(t, "keystone-log-driver")
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
	expected := fixtures.Expected[struct {
		Messages []struct {
			MessageID string `json:"message_id"`
			Who       struct{ ID string }
		}
	}](t, fixtures.KeystoneMessagingV2)
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
