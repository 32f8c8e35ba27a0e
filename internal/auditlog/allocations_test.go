package auditlog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// pdata allocates each attribute, the list of them, the record and its body; that is all that a usual record may cost, and a little more
// for what stands in arrays and for the resources.
func TestAllocations(t *testing.T) {
	var messages []auditlog.Message
	for _, capture := range []string{"amqp-keystone-messagingv2", "amqp-audit-middleware", "amqp-audit-middleware-sapcc"} {
		messages = append(messages, readCapture(t, capture)...)
	}
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	records := make([]auditlog.Record, len(messages))
	read := testing.AllocsPerRun(5, func() {
		clear(records)
		for i := range messages {
			mapper.ReadInto(&records[i], messages[i])
		}
	})
	require.Less(t, read/float64(len(messages)), 2.0, "to read a message")

	logs, _ := mapper.Logs(records)
	count, attributes := logs.LogRecordCount(), 0
	for _, line := range lines(logs) {
		attributes += len(line.Attributes)
	}
	mapped := testing.AllocsPerRun(5, func() { mapper.Logs(records) })
	require.Less(t, (mapped-float64(attributes))/float64(count), 5.0, "to map a message, without its attributes")
}
