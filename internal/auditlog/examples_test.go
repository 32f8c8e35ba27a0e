package auditlog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// The messages that public articles about OpenStack's audit trail print give these records, as a whole.
func TestExamplesOfArticles(t *testing.T) {
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "0.0.0-test")
	var records []auditlog.Record
	for _, example := range fixtures.Rows[struct{ Name, Body, Line string }](t, "examples/articles.jsonl") {
		message := auditlog.Message{Body: []byte(example.Body), Received: received}
		if example.Line == "" {
			records = append(records, mapper.Read(message))
			continue
		}
		n, err := oslo.LineReader{}.ReadText(example.Line)
		require.NoError(t, err, example.Name)
		require.NotNil(t, n, example.Name)
		records = append(records, mapper.ReadNotification(*n, message))
	}
	logs, _ := mapper.Logs(records)
	auditlogtest.Golden(t, fixtures.Path(t, "golden/examples/articles.jsonl"), lines(logs))
}
