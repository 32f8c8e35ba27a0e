package export

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
)

// readOTLP reads a request, as the file exporter writes it on a line.
func (r *Reader) readOTLP(value []byte, record func(Record)) error {
	logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(value)
	if err != nil {
		return fmt.Errorf("no OTLP logs: %w", err)
	}
	for lr, in := range audit.Records(logs) {
		r.form.Record(in.Resource, in.Scope, lr)
		if lr.Timestamp() == 0 { // as from Loki
			r.form.Doubt(canonical.FieldObservedTime)
		}
		record(Record{Form: r.form, EventNames: []string{lr.EventName()}})
	}
	return nil
}
