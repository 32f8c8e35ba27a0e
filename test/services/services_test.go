//go:build services

package services

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

const root = "../.."

// exchanges are those that the services publish to: Cinder and Manila have no name of their own for theirs.
var exchanges = []string{"nova", "neutron", "openstack", "heat", "designate", "octavia", "ironic", "magnum"}

// events are the audit events of the requests, by User-Agent and event type.
type events struct {
	mu      sync.Mutex
	records map[string][]auditlogtest.Line
	uids    map[string]bool
}

func newEvents(t *testing.T) (e *events, url string) {
	e = &events{records: map[string][]auditlogtest.Line{}, uids: map[string]bool{}}
	server := httptest.NewServer(collectortest.OTLP("/v1/logs", e.store))
	t.Cleanup(server.Close)
	return e, server.URL
}

func (e *events) store(_ context.Context, logs plog.Logs) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, line := range auditlogtest.Lines(logs) {
		agent, _ := line.Attributes[audit.AttrUserAgentOriginal].(string)
		uid, _ := line.Attributes[audit.AttrRecordUID].(string)
		kind, _ := line.Attributes[audit.AttrNotificationEventType].(string)
		if strings.HasPrefix(agent, "services-test/") && !e.uids[uid] {
			e.uids[uid] = true
			e.records[agent+" "+kind] = append(e.records[agent+" "+kind], line)
		}
	}
	return http.StatusOK
}

func (e *events) of(agent, kind string) []auditlogtest.Line {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.records[agent+" "+kind]
}

// Typical administrative work at nine services: what was done is what the records say, over the broker and over the log driver.
func TestServices(t *testing.T) {
	node := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	for _, exchange := range exchanges { // or the first event of each would be gone before the queue is bound
		publisher, err := rabbitmqtest.NewPublisher(node.URL(), exchange, false)
		require.NoError(t, err)
		require.NoError(t, publisher.Publish(t.Context(), "notifications.info"))
		require.NoError(t, publisher.Close())
	}
	l := startLab(t, strings.Replace(node.URL(), "amqp://", "rabbit://", 1))
	broker, brokerURL := newEvents(t)
	logs, logsURL := newEvents(t)
	collector := startCollector(t, node, l, brokerURL, logsURL)

	w := newWorker(t, l)
	for _, service := range services {
		w.run(service)
		t.Logf("%s: %d requests in all", service, len(w.done))
	}
	for _, way := range []struct {
		name   string
		events *events
	}{{"broker", broker}, {"log", logs}} {
		missing := func() (agents []string) {
			for agent, did := range w.done {
				if way.name == "log" && unlogged(did) {
					delete(w.done, agent)
				} else if len(way.events.of(agent, "audit.http.response")) == 0 {
					agents = append(agents, did.String())
				}
			}
			return agents
		}
		if !assert.Eventually(t, func() bool { return len(missing()) == 0 }, collectortest.Patience, time.Second) {
			t.Errorf("%s: no event of %v\n%s", way.name, missing(), &collector.Log)
		}
		checked := 0
		for agent, did := range w.done {
			responses, requests := way.events.of(agent, "audit.http.response"), way.events.of(agent, "audit.http.request")
			assert.Len(t, responses, 1, "%s: %s", way.name, did.String())
			assert.Len(t, requests, 1, "%s: %s", way.name, did.String())
			for _, line := range responses {
				did.Check(t, line)
				checked++
			}
		}
		t.Logf("%s: %d events held against what was done", way.name, checked)
	}
}

// unlogged recognises the requests of which oslo.log loses the event: where Manila's SQLite database fails it raises while it formats the
// record, and Python's logging writes "--- Logging error ---" to standard error.
func unlogged(did auditlogtest.Request) bool {
	return did.Service == "manila" && did.Status == http.StatusInternalServerError && strings.HasPrefix(did.Path, "/v2/types")
}

// startCollector reads the broker as shipped, and the services' logs.
func startCollector(t *testing.T, node *rabbitmqtest.Node, l *lab, brokerURL, logsURL string) *collectortest.Process {
	t.Helper()
	config := filepath.Join(t.TempDir(), "services.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `receivers:
  openstack_audit:
    rabbitmq: {transport_url: %q, rebind_interval: 1s}
  file_log:
    include: [%q]
    start_at: beginning
    max_log_size: 4MiB
processors:
  openstack_audit:
exporters:
  otlp_http/broker: {endpoint: %q}
  otlp_http/log: {endpoint: %q}
service:
  pipelines:
    logs/broker: {receivers: [openstack_audit], exporters: [otlp_http/broker]}
    logs/log: {receivers: [file_log], processors: [openstack_audit], exporters: [otlp_http/log]}
  telemetry: {metrics: {level: none}}
`, strings.Replace(node.URL(), "amqp://", "rabbit://", 1), filepath.Join(l.folder, "*", "*.log"), brokerURL, logsURL), 0o600))
	collector := collectortest.Start(t, nil, collectortest.Binary(t, root), "--config", config)
	require.Eventually(t, func() bool { return strings.Contains(collector.Log.String(), "Everything is ready") }, collectortest.Patience, 100*time.Millisecond)
	return collector
}
