package auditlogtest

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/request"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/sentence"
)

// Sentence renders the sentence of a record from its attributes alone.
func Sentence(resource pcommon.Map, record plog.LogRecord) string {
	var e audit.Event
	e.Service.Read(resource)
	e.Read(record)
	request.Restore(&e)
	return string(sentence.Append(nil, &e))
}
