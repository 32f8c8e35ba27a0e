package backends

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// layout is that of a configuration's documents.
type layout struct {
	configuration, index, processor string
	// path is where the documents have what Kibana finds under a name: Elasticsearch's templates of OpenTelemetry make attributes and
	// resource.attributes pass-through objects, and message an alias.
	path func(field string) string
}

var kibanaLayouts = []layout{
	{"elasticsearch-ecs.yaml", "logs-openstack.audit-default", "transform/ecs", func(field string) string { return field }},
	{"elasticsearch.yaml", "logs-openstack.audit.otel-default", "transform/elasticsearch", func(field string) string {
		switch field {
		case "@timestamp":
			return field
		case "message":
			return "body.text"
		case "service.name":
			return "resource.attributes." + field
		}
		return "attributes." + field
	}},
}

// wholeTrail runs a configuration with the completeness connector and a receiver of log lines besides,
// and sends it something of everything:
// the story, a login within a project, a request to delete, what cannot be read, and a forged line. The request is newer than those of the
// story, of which the connector then says that the response is missing.
func wholeTrail(t testing.TB, l layout, environment string, arguments ...string) *process {
	t.Helper()
	url, brokerSettings := broker(t)
	lines := collectortest.FreeAddress(t)
	c := consuming(t, l.configuration, append(append(brokerSettings, keystone(t)...), environment), append([]string{"--config", extra(t, `
receivers: {otlp: {protocols: {http: {endpoint: `+lines+`}}}}
processors: {openstack_audit: {}}
connectors: {openstack_audit_completeness: {response_within: 1s, flush_interval: 200ms}}
service:
  pipelines:
    logs: {exporters: [elasticsearch, openstack_audit_completeness]}
    logs/lines: {receivers: [otlp], processors: [openstack_audit, `+l.processor+`], exporters: [elasticsearch]}
    logs/gaps: {receivers: [openstack_audit_completeness], processors: [`+l.processor+`], exporters: [elasticsearch]}
`)}, arguments...)...)
	now := time.Now()
	scoped := alice.initiator()
	scoped["project_id"] = demo
	asked, _ := call(now)
	send(t, url, slices.Concat(story(now), [][]byte{asked, []byte("no notification"), notification(identity, "identity.authenticate",
		now, object{
			"action": "authenticate", "outcome": "success", "initiator": scoped,
			"observer": object{"id": "k", "typeURI": "service/security"}, "target": object{"id": "t", "typeURI": "service/security/account/user"},
		})})...)
	genuine := fixtures.Lines(t, "loglines/keystone-log-driver.log")
	forged := plog.NewLogs()
	forged.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(strings.Replace(
		genuine[slices.IndexFunc(genuine, func(line string) bool { return strings.Contains(line, " oslo.messaging.notification.") })],
		" oslo.messaging.notification.", " somebody.oslo.messaging.notification.", 1))
	require.NoError(t, sendOTLP(t.Context(), "http://"+lines, "", forged))
	return c.Process
}
