package auditlogtest

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// Captured returns the records of every message of testdata/notifications, as the receiver makes them. Some have the same log.record.uid,
// because one cloud was captured in several ways.
func Captured(t testing.TB) plog.Logs {
	t.Helper()
	config := auditlog.NewDefaultConfig()
	config.OtherNotifications = auditlog.Keep
	mapper := auditlog.NewMapper(config, "0.0.0-test")
	var records []auditlog.Record
	for _, capture := range fixtures.Names(t, "notifications", ".jsonl") {
		for _, body := range fixtures.Bodies(t, capture) {
			records = append(records, mapper.Read(auditlog.Message{Body: body, Received: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}))
		}
	}
	logs, _ := mapper.Logs(records)
	return logs
}
