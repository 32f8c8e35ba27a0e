package auditlog_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// mixed are records of several services, formats and incoming resources, of which some are skipped.
func mixed(t *testing.T, mapper *auditlog.Mapper) []auditlog.Record {
	t.Helper()
	incoming := &auditlog.Incoming{Resource: pcommon.NewResource()}
	incoming.Resource.Attributes().PutStr(audit.AttrServiceName, "swift")
	incoming.Resource.Attributes().PutStr("k8s.pod.name", "swift-0")
	var messages []auditlog.Message
	for _, capture := range []string{"amqp-keystone-messagingv2", "amqp-keystone-basic", "amqp-audit-middleware",
		"amqp-audit-middleware-sapcc"} {
		for i, message := range readCapture(t, capture) {
			if i%5 == 0 {
				message.Incoming = incoming
			}
			messages = append(messages, message, auditlog.Message{Body: fmt.Appendf(nil, "no notification %d", i), Received: received})
		}
	}
	records := make([]auditlog.Record, len(messages))
	for i := range messages {
		at := i * 7 % len(messages) // next to each other what is not of the same service
		records[i] = mapper.Read(messages[at])
	}
	return records
}

// Each resource is there once, whatever stands between its records, and has each scope once.
func TestBatchOfManyResources(t *testing.T) {
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "1")
	logs, _ := mapper.Logs(mixed(t, mapper))
	seen := map[string]bool{}
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			key := fmt.Sprint(rl.Resource().Attributes().AsRaw(), sl.Scope().Attributes().AsRaw())
			require.False(t, seen[key], "twice: %s", key)
			seen[key] = true
		}
	}
	require.Greater(t, len(seen), 5)
	require.Less(t, logs.ResourceLogs().Len(), len(seen))

	logs, stats := mapper.Logs(nil)
	require.Zero(t, logs.ResourceLogs().Len())
	require.Zero(t, stats)
}

// More services and event types than are remembered are all told right.
func TestManySources(t *testing.T) {
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "1")
	for i := range 5000 {
		body := fmt.Sprintf(`{"message_id":"1","publisher_id":"identity.host%d","event_type":"identity.x%d.created","payload":%s}`, i, i,
			event(`"action":"x","outcome":"success"`))
		record := mapper.Read(auditlog.Message{Body: []byte(body)})
		for range 2 { // found, and remembered
			logs, _ := mapper.Logs([]auditlog.Record{record})
			line := lines(logs)[0]
			require.Equal(t, fmt.Sprintf("host%d", i), line.Resource[audit.AttrHostName])
			require.Equal(t, fmt.Sprintf("openstack.identity.x%d.created", i), line.EventName)
		}
	}
}

// What is remembered is no part of a message: its bytes may be another's by then.
func TestSourcesOutliveMessages(t *testing.T) {
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "1")
	body := func() []byte {
		return []byte(`{"message_id":"1","publisher_id":"identity.host1","event_type":"identity.user.created","payload":` +
			event(`"action":"x","outcome":"success","observer":{"name":"keystone-x","typeURI":"service/security"}`) + `}`)
	}
	first := body()
	mapper.Logs([]auditlog.Record{mapper.Read(auditlog.Message{Body: first})})
	for i := range first {
		first[i] = '#'
	}
	logs, _ := mapper.Logs([]auditlog.Record{mapper.Read(auditlog.Message{Body: body()})})
	line := lines(logs)[0]
	require.Equal(t, "keystone-x", line.Resource[audit.AttrServiceName])
	require.Equal(t, "host1", line.Resource[audit.AttrHostName])
	require.Equal(t, "openstack.identity.user.created", line.EventName)
}
