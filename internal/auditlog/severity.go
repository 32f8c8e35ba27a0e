package auditlog

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// severity is that of the source, raised by the outcome: OpenStack sends INFO
// for everything, failed logins too.
func (m *Mapper) severity(n *oslo.Notification, e *audit.Event) plog.SeverityNumber {
	source := sourceSeverity(n)
	floor := plog.SeverityNumberUnspecified
	switch e.Outcome {
	case audit.OutcomeFailure:
		switch m.config.SeverityOfFailure {
		case FailureSeverityWarn:
			floor = plog.SeverityNumberWarn
			if e.Request.StatusCode >= http.StatusInternalServerError {
				floor = plog.SeverityNumberError
			}
		case FailureSeverityError:
			floor = plog.SeverityNumberError
		}
	case audit.OutcomeUnknown:
		floor = plog.SeverityNumberWarn
		if strings.HasPrefix(n.EventType, "audit.") {
			floor = plog.SeverityNumberError // the application raised, the client got a 500
		}
	}
	return max(source, floor)
}

// sourceSeverity maps the priority of a notification, or the level of its log line.
func sourceSeverity(n *oslo.Notification) plog.SeverityNumber {
	priority := n.Priority
	if priority == "" && n.Line != nil {
		priority = n.Line.Level
	}
	switch strings.ToUpper(priority) {
	case "DEBUG":
		return plog.SeverityNumberDebug
	case "AUDIT":
		return plog.SeverityNumberInfo2
	case "WARN", "WARNING":
		return plog.SeverityNumberWarn
	case "ERROR":
		return plog.SeverityNumberError
	case "CRITICAL":
		return plog.SeverityNumberFatal
	default:
		return plog.SeverityNumberInfo
	}
}
