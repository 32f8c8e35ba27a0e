package auditlog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
)

// FuzzSentence holds the sentence of a record that was just mapped, which is made of the notification, to that of its attributes.
func FuzzSentence(f *testing.F) {
	for _, capture := range []string{"amqp-keystone-messagingv2", "amqp-keystone-basic", "amqp-audit-middleware",
		"amqp-audit-middleware-sapcc",
		"../services/nova", "../services/cinder", "../services/heat", "../services/ironic", "../services/designate"} {
		for _, message := range readCapture(f, capture) {
			f.Add(message.Body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, unknown := range []derive.UnknownUserNames{derive.UnknownUserNamesKeep, derive.UnknownUserNamesHash} {
			mapper := auditlog.NewMapper(configured(func(c *auditlog.Config) { c.UnknownUserNames = unknown }), "1")
			for _, message := range [][]byte{body, []byte(grow(body))} {
				record := mapper.Read(auditlog.Message{Body: message, Received: received})
				if record.Kind == auditlog.KindRaw {
					continue
				}
				logs, _ := mapper.Logs([]auditlog.Record{record})
				for _, rl := range logs.ResourceLogs().All() {
					lr := rl.ScopeLogs().At(0).LogRecords().At(0)
					require.Equal(t, auditlogtest.Sentence(rl.Resource().Attributes(), lr), lr.Body().Str())
				}
			}
		}
	})
}
