package auditlog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// answered is the response event of a request that was really made of a service's API, with what the client did and was answered.
type answered struct {
	Did  auditlogtest.Request
	Body string
}

// Each record of the services' APIs says what the client did. The golden files hold the sentences, which were read one by one.
func TestServices(t *testing.T) {
	services := fixtures.Names(t, "services", ".jsonl")
	require.Len(t, services, 11)
	for _, service := range services {
		t.Run(service, func(t *testing.T) {
			requests := fixtures.Rows[answered](t, "services/"+service+".jsonl")
			require.Greater(t, len(requests), 20)
			messages := make([]auditlog.Message, len(requests))
			for i, r := range requests {
				messages[i] = auditlog.Message{Body: []byte(r.Body), Received: received}
			}
			lines := mapAll(t, auditlog.NewDefaultConfig(), messages)
			require.Len(t, lines, len(requests))
			golden := make([]auditlogtest.Line, len(lines))
			for i, line := range lines {
				requests[i].Did.Service = service
				requests[i].Did.Check(t, line)
				golden[i] = auditlogtest.Line{Body: line.Body, Attributes: map[string]any{"did": requests[i].Did.String()}}
				for _, key := range []string{audit.AttrAuditAction, audit.AttrTargetType, audit.AttrTargetID} {
					if value, ok := line.Attributes[key]; ok {
						golden[i].Attributes[key] = value
					}
				}
			}
			auditlogtest.Golden(t, fixtures.Path(t, "golden/services/"+service+".jsonl"), golden)
		})
	}
}
