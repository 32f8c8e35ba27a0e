package openstackauditreceiver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver/internal/metadatatest"
)

// Who may publish can make up exchanges, services and what else an event says. The series of the gauge stay few.
func TestLastEventsAreBounded(t *testing.T) {
	t.Parallel()
	telemetry, err := newTelemetry(metadatatest.NewSettings(componenttest.NewTelemetry()))
	require.NoError(t, err)
	t.Cleanup(telemetry.Shutdown)
	config := createDefaultConfig().(*Config)
	config.RabbitMQ.GetOrInsertDefault().Exchanges = []string{"keystone", "region-two"}
	config.Records.Resource.ServiceNames = map[string]string{"limes": "quotas"}
	mapper := auditlog.NewMapper(config.Records, "")
	last := newLastEvents(telemetry, config)
	add := func(exchange, publisher, eventType string) {
		body := fmt.Sprintf(`{"message_id": "1", "publisher_id": %q, "event_type": %q, "priority": "INFO", "timestamp": "2026-11-21 00:00:00",
			"payload": {"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "eventType": "activity", "id": "1", "action": "read",
				"outcome": "success"}}`,
			publisher, eventType)
		last.add(mapper, []auditlog.Record{mapper.Read(auditlog.Message{Exchange: exchange, Body: []byte(body)})})
	}
	add("keystone", "identity.ctl01", "identity.user.deleted")
	add("region-two", "nova-api", "audit.http.response")
	add("region-two", "limes", "audit.cadf")
	for i := range 1000 {
		add("keystone", fmt.Sprint("forged", i), "audit.http.response")
		add(fmt.Sprint("forged", i), "nova-api", "audit.http.response")
		add("", strings.Repeat("x", 600+i), "audit.http.response")
	}
	origins := make([]origin, 0, len(last.events))
	for from := range last.events {
		origins = append(origins, from)
	}
	assert.ElementsMatch(t, []origin{
		{"keystone", "keystone"}, {"region-two", "nova"}, {"region-two", "quotas"},
		{"keystone", "other"}, {"other", "nova"}, {"other", "other"},
	}, origins)
}

// A service that notifies of anything but audit events is silent all the same.
func TestOtherNotificationsAreNoSignOfLife(t *testing.T) {
	t.Parallel()
	telemetry, err := newTelemetry(metadatatest.NewSettings(componenttest.NewTelemetry()))
	require.NoError(t, err)
	t.Cleanup(telemetry.Shutdown)
	config := createDefaultConfig().(*Config)
	mapper := auditlog.NewMapper(config.Records, "")
	last := newLastEvents(telemetry, config)
	for _, body := range [][]byte{other("compute.instance.update"), []byte("{torn")} {
		last.add(mapper, []auditlog.Record{mapper.Read(auditlog.Message{Exchange: "nova", Body: body})})
	}
	assert.Empty(t, last.events)
}
