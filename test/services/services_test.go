//go:build services

package services

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
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

// capture makes the test write what came over the broker, for the tests of the mapping.
var capture = flag.Bool("capture", false, "write the events of SERVICES to testdata/services")

// exchangeOf is where a service publishes with the configuration that its package brings.
func exchangeOf(service string) string {
	switch service {
	case "barbican", "cinder", "manila": // they set no control_exchange, and openstack is oslo.messaging's default
		return "openstack"
	default:
		return service
	}
}

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

// Typical administrative work at each service: what was done is what the records say, over the broker and over the log driver.
func TestServices(t *testing.T) {
	node := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	for _, service := range services() { // or the first event of each would be gone before the queue is bound
		collectortest.Publish(t, node.URL(), exchangeOf(service))
	}
	l := startLab(t, collectortest.TransportURL(node.URL()))
	broker, brokerURL := newEvents(t)
	logs, logsURL := newEvents(t)
	metrics := collectortest.FreePort(t)
	collector := startCollector(t, node, l, brokerURL, logsURL, metrics)

	w := newWorker(t, l)
	for _, service := range services() {
		before := len(w.done)
		w.run(service)
		t.Logf("%s: %d requests", service, len(w.done)-before)
	}
	for _, way := range []struct {
		name   string
		events *events
		// lacks reports whether the event of a request is not there whole.
		lacks func(auditlogtest.Request) bool
	}{
		{"broker", broker, func(auditlogtest.Request) bool { return false }},
		{"log", logs, unlogged},
	} {
		missing := func() (agents []string) {
			for agent, did := range w.done {
				if !way.lacks(did) && len(way.events.of(agent, "audit.http.response")) == 0 {
					agents = append(agents, did.String())
				}
			}
			return agents
		}
		if !assert.Eventually(t, func() bool { return len(missing()) == 0 }, collectortest.Patience, time.Second) {
			t.Errorf("%s: no event of %v\n%s", way.name, missing(), &collector.Log)
		}
		for agent, did := range w.refused {
			assert.Empty(t, way.events.of(agent, "audit.http.response"), "%s: %s", way.name, did.String())
		}
		checked := 0
		for agent, did := range w.done {
			if way.lacks(did) {
				continue
			}
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
	checkExchanges(t, metrics)
	if *capture {
		writeCaptures(t, broker, w.done)
	}
}

// lastEvent is a line of the collector's metrics.
var lastEvent = regexp.MustCompile(`last_event_time\w*\{exchange="(\w+)".*service="(\w+)"`)

// checkExchanges holds the exchange from which each service's events came against the documents.
func checkExchanges(t *testing.T, port int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/metrics", port), http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	want, got := map[string]string{}, map[string]string{}
	for _, service := range services() {
		want[service] = exchangeOf(service)
	}
	for _, line := range lastEvent.FindAllStringSubmatch(string(text), -1) {
		got[line[2]] = line[1]
	}
	assert.Equal(t, want, got, "%s", text)
}

// writeCaptures writes each response event behind what was done, in the order in which it was.
func writeCaptures(t *testing.T, broker *events, done map[string]auditlogtest.Request) {
	t.Helper()
	files := map[string]*bytes.Buffer{}
	for i := range len(done) * 2 { // some numbers are of requests without an event
		agent := fmt.Sprintf("services-test/%d", i)
		did, ok := done[agent]
		if !ok {
			continue
		}
		if files[did.Service] == nil {
			files[did.Service] = &bytes.Buffer{}
		}
		original, _ := broker.of(agent, "audit.http.response")[0].Attributes[audit.AttrRecordOriginal].(string)
		line, err := json.Marshal(map[string]any{"exchange": exchangeOf(did.Service), "did": did, "body": original})
		require.NoError(t, err)
		files[did.Service].Write(append(line, '\n'))
	}
	for service, lines := range files {
		require.NoError(t, os.WriteFile(filepath.Join(root, "testdata", "services", service+".jsonl"), lines.Bytes(), 0o600))
	}
}

// unlogged recognises the requests of which oslo.log loses the event or a part of it. Where Manila's SQLite database fails it raises
// while it formats the record, and Python's logging writes "--- Logging error ---" to standard error. A path with secret-store is no
// password, but oslo.utils masks what is behind it.
func unlogged(did auditlogtest.Request) bool {
	return did.Service == "manila" && did.Status == http.StatusInternalServerError && strings.HasPrefix(did.Path, "/v2/types") ||
		strings.HasPrefix(did.Path, "/v1/secret-stores")
}

// startCollector reads the broker as shipped, and the services' logs.
func startCollector(t *testing.T, node *rabbitmqtest.Node, l *lab, brokerURL, logsURL string, metrics int) *collectortest.Process {
	t.Helper()
	config := filepath.Join(t.TempDir(), "services.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `receivers:
  openstack_audit:
    rabbitmq: {transport_url: %q, rebind_interval: 1s}
    include_original: true
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
  telemetry:
    metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d}}}}]}
`, collectortest.TransportURL(node.URL()), filepath.Join(l.folder, "*", "*.log"), brokerURL, logsURL, metrics), 0o600))
	collector := collectortest.Start(t, nil, collectortest.Binary(t), "--config", config)
	ready := func() bool { return strings.Contains(collector.Log.String(), "Everything is ready") }
	require.Eventually(t, ready, collectortest.Patience, 100*time.Millisecond, "%s", &collector.Log)
	return collector
}
