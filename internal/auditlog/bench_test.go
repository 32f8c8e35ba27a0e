package auditlog_test

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

func benchmarkMessages(b *testing.B) []auditlog.Message {
	b.Helper()
	var messages []auditlog.Message
	for _, capture := range []string{"amqp-keystone-messagingv2", "amqp-audit-middleware", "amqp-audit-middleware-sapcc"} {
		messages = append(messages, readCapture(b, capture)...)
	}
	return messages
}

// BenchmarkRead decodes one message of the captures after the other, as the receiver does, into a record that is there.
func BenchmarkRead(b *testing.B) {
	messages := benchmarkMessages(b)
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	size := 0
	for _, m := range messages {
		size += len(m.Body)
	}
	b.SetBytes(int64(size / len(messages)))
	record := new(auditlog.Record)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		*record = auditlog.Record{}
		mapper.ReadInto(record, messages[i%len(messages)])
	}
}

// BenchmarkLogs maps all messages of the captures; the metric is for one record.
func BenchmarkLogs(b *testing.B) {
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	var records []auditlog.Record
	for _, m := range benchmarkMessages(b) {
		records = append(records, mapper.Read(m))
	}
	var logs plog.Logs
	b.ReportAllocs()
	for b.Loop() {
		logs, _ = mapper.Logs(records)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(logs.LogRecordCount()), "ns/record")
}
