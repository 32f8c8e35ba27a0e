package openstackauditcompletenessconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// repeats are those of Nova's, followed by the cause.
const repeats = "nova openstack.audit.publisher.repeats openstack.audit.publisher=nova-api openstack.audit.repeat.cause="

// The same message again is a redelivery, the same event in another message was sent twice; a request and its response are two events.
func TestRepeats(t *testing.T) {
	l := newLab(t)
	first := asked("a")
	first.uid = "m1"
	again := asked("a")
	again.uid = "m2"
	l.come(first, first, first, again, answered("a"))
	values := l.values()
	require.EqualValues(t, 3, values["nova openstack.audit.publisher.records openstack.audit.publisher=nova-api"])
	require.EqualValues(t, 2, values[repeats+"redelivered"])
	require.EqualValues(t, 1, values[repeats+"sent_again"])
	require.Equal(t, began.Unix(), values["nova openstack.audit.publisher.last_event_time openstack.audit.publisher=nova-api"])
}

// All that a capture says is counted once, whoever brings it.
func TestRecordsOfCapture(t *testing.T) {
	l := newLab(t)
	logs := capture(t, "amqp-audit-middleware")
	l.observe(logs, l.now)
	l.observe(logs, l.now)
	values := l.values()
	require.EqualValues(t, 88, values["nova openstack.audit.publisher.records openstack.audit.publisher=nova-api"])
	require.EqualValues(t, 88, values[repeats+"redelivered"])
	require.EqualValues(t, 54, values["barbican openstack.audit.publisher.records openstack.audit.publisher=barbican-wsgi-api"])
}

func TestFindingAsRecord(t *testing.T) {
	l := newLab(t)
	evil := "nova-api\nkeystone was heard"
	l.come(asked("a").of("nova", evil), answered("a").of("nova", evil), asked("b").of("nova", evil))
	l.pass(16 * time.Minute).come(answered("c").of("nova", evil)).pass(time.Minute)
	logs := findingsToLogs(l.unsent(), "1.2.3", l.now)
	require.Equal(t, 1, logs.LogRecordCount())
	rl := logs.ResourceLogs().At(0)
	require.Equal(t, map[string]any{"service.name": "nova", "service.namespace": "openstack"}, rl.Resource().Attributes().AsRaw())
	require.Equal(t, scopeName, rl.ScopeLogs().At(0).Scope().Name())
	record := rl.ScopeLogs().At(0).LogRecords().At(0)
	require.Equal(t, "openstack.audit.gap", record.EventName())
	require.Equal(t, `nova ("nova-api\nkeystone was heard") sent no response to request b of 2026-11-21T00:00:00Z within 15m0s`,
		record.Body().Str())
	require.Equal(t, map[string]any{
		"log.record.uid": "e2d03ce1-6a65-51d2-b615-e44b60bb6ae6", "openstack.audit.gap.kind": "response", "openstack.audit.gap.state": "open",
		"openstack.audit.gap.since": "2026-11-21T00:00:00Z", "openstack.audit.publisher": evil, "cadf.event.id": "b",
	}, record.Attributes().AsRaw())
	require.NotContains(t, record.Attributes().AsRaw(), audit.AttrAuditCategory, "it is not counted as an audit event")
}

func TestFindingsAreBounded(t *testing.T) {
	l := newLab(t)
	for range maxFindings + 3 {
		l.find(finding{Kind: kindResponse, State: stateOpen})
	}
	require.Len(t, l.unsent(), maxFindings)
	require.EqualValues(t, 3, l.check(l.now)["finding"])
	require.EqualValues(t, maxFindings+3, l.values()[" openstack.audit.gaps openstack.audit.gap.kind=response"], "all are counted")
}
