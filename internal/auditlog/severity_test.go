package auditlog_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

func TestSeverity(t *testing.T) {
	failure := `"outcome":"failure","reason":{"reasonType":"HTTP","reasonCode":"404"}`
	broken := `"outcome":"failure","reason":{"reasonType":"HTTP","reasonCode":"503"}`
	for _, test := range []struct {
		priority, eventType, outcome string
		warn, info, err              plog.SeverityNumber // by severity_of_failure
	}{
		{"DEBUG", "audit.cadf", `"outcome":"success"`, 5, 5, 5},
		{"INFO", "audit.cadf", `"outcome":"success"`, 9, 9, 9},
		{"SAMPLE", "audit.cadf", `"outcome":"success"`, 9, 9, 9},
		{"AUDIT", "audit.cadf", `"outcome":"pending"`, 10, 10, 10},
		{"WARN", "audit.cadf", `"outcome":"success"`, 13, 13, 13},
		{"WARNING", "audit.cadf", `"outcome":"success"`, 13, 13, 13},
		{"error", "audit.cadf", `"outcome":"success"`, 17, 17, 17},
		{"CRITICAL", "audit.cadf", `"outcome":"success"`, 21, 21, 21},
		{"", "audit.cadf", `"outcome":"success"`, 9, 9, 9},
		{"INFO", "audit.cadf", failure, 13, 9, 17},
		{"INFO", "audit.cadf", broken, 17, 9, 17},
		{"CRITICAL", "audit.cadf", failure, 21, 21, 21},
		{"INFO", "identity.user.created", `"outcome":"failure"`, 13, 9, 17},
		{"INFO", "audit.cadf", `"outcome":"unknown"`, 17, 17, 17},
		{"INFO", "identity.user.created", `"outcome":"unknown"`, 13, 13, 13},
	} {
		for option, want := range map[auditlog.FailureSeverity]plog.SeverityNumber{"warn": test.warn, "info": test.info, "error": test.err} {
			t.Run(fmt.Sprintf("%s %s %s %s", test.priority, test.eventType, test.outcome, option), func(t *testing.T) {
				config := configured(func(c *auditlog.Config) { c.SeverityOfFailure = option })
				line := one(t, config, fmt.Sprintf(`{"event_type":%q,"priority":%q,"payload":%s}`, test.eventType, test.priority, event(test.outcome)))
				require.EqualValues(t, want, line.Severity)
				require.Equal(t, test.priority, line.Text)
			})
		}
	}
}
