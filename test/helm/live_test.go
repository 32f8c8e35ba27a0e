//go:build helm

package helm

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// collector is a workload of the chart that runs outside of Kubernetes: its ports and folders are others.
type collector struct {
	*collectortest.Process
	records atomic.Int64
	health  string
}

func start(t *testing.T, name string, environment map[string]string, arguments ...string) *collector {
	t.Helper()
	c := &collector{health: collectortest.FreeAddress(t)}
	backend := httptest.NewServer(collectortest.OTLP("/v1/logs", func(_ context.Context, logs plog.Logs) int {
		c.records.Add(int64(logs.LogRecordCount()))
		return http.StatusOK
	}))
	t.Cleanup(backend.Close)
	for _, w := range workloads(t, render(t, arguments...)) {
		if w.name != name {
			continue
		}
		for variable, value := range environment {
			require.Contains(t, w.environment, variable)
			w.environment[variable] = value
		}
		w.environment["AUDIT_OTLP_ENDPOINT"] = backend.URL
		w.environment["AUDIT_HEALTH_ENDPOINT"] = c.health
		w.environment["AUDIT_NAMES_ENDPOINT"] = collectortest.FreeAddress(t)
		w.environment["AUDIT_STATE"] = t.TempDir()
		without := "--config=yaml:service::telemetry::metrics: {level: none, readers: []}" // its port may be another's here
		c.Process = collectortest.Start(t, w.variables(), binary(t), append(w.arguments(t), without)...)
	}
	require.NotNil(t, c.Process, "no workload %s", name)
	return c
}

// isReady is the readiness probe.
func (c *collector) isReady() bool {
	response, err := http.Get("http://" + c.health + "/status")
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func (c *collector) eventually(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, collectortest.Patience, 20*time.Millisecond, "%s", &c.Log)
}

// Services of two virtual hosts publish, as openstack-helm sets them up, and both arrive.
func TestEventsOfEachVirtualHostArrive(t *testing.T) {
	node := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	require.NoError(t, node.AddVirtualHosts(t.Context(), "keystone", "nova"))
	sent := fixtures.Bodies(t, fixtures.KeystoneMessagingV2)
	publishers := map[string]*rabbitmqtest.Publisher{}
	for _, service := range []string{"keystone", "nova"} {
		publisher, err := rabbitmqtest.NewPublisher(node.UserURL("guest", "guest", service), service, false)
		require.NoError(t, err)
		defer func() { require.NoError(t, publisher.Close()) }()
		require.NoError(t, publisher.Publish(t.Context(), "notifications.info")) // declares the exchange
		publishers[service] = publisher
	}
	c := start(t, "audit", map[string]string{
		"AUDIT_TRANSPORT_URL_KEYSTONE":   "rabbit://guest:guest@" + node.Address() + "/keystone",
		"AUDIT_TRANSPORT_URL_NOVA_CELL1": "rabbit://guest:guest@" + node.Address() + "/nova",
	}, "--values", "testdata/virtual-hosts.yaml")
	c.eventually(t, c.isReady)
	for _, service := range []string{"keystone", "nova"} {
		c.eventually(t, func() bool {
			queues, err := node.Ctl(t.Context(), "list_queues", "--vhost", service, "name", "consumers")
			return err == nil && strings.Contains(queues, "otelcol-openstack-audit-otlp\t1")
		})
		require.NoError(t, publishers[service].Publish(t.Context(), "notifications.info", sent...))
	}
	c.eventually(t, func() bool { return c.records.Load() >= int64(2*len(sent)) })
	c.Stop(t)
	require.EqualValues(t, 2*len(sent), c.records.Load())
}

func TestListenTakesWhatServicesPublish(t *testing.T) {
	address := collectortest.FreeAddress(t)
	c := start(t, "trail-otelcol-openstack-audit-listen", nil,
		"--set", "listen.enabled=true,names.enabled=false,metrics.enabled=false,backends.otlp.enabled=true",
		"--set-string", "listen.config.receivers.openstack_audit.listen.endpoint="+address)
	c.eventually(t, c.isReady)
	sent := fixtures.Bodies(t, fixtures.KeystoneMessagingV2)
	publisher, err := rabbitmqtest.NewPublisher("amqp://keystone:made-up@"+address+"/", "keystone", false)
	require.NoError(t, err, "%s", &c.Log)
	require.NoError(t, publisher.Publish(t.Context(), "notifications.info", sent...))
	require.NoError(t, publisher.Close())
	c.eventually(t, func() bool { return c.records.Load() >= int64(len(sent)) })
	c.Stop(t)
	require.EqualValues(t, len(sent), c.records.Load())
}

func TestLogsAreReadOfTheirNamespace(t *testing.T) {
	folder := t.TempDir()
	for _, namespace := range []string{"openstack", "other"} {
		var lines strings.Builder
		for _, line := range fixtures.Lines(t, "loglines/keystone-log-json.log") {
			fmt.Fprintln(&lines, "2026-11-20T23:23:04.177204871Z stdout F", line)
		}
		file := filepath.Join(folder, namespace+"_keystone-api-0_c2f1b0de-52cc-4a4f-9f62-1f3d0d1b1b5c", "keystone-api", "0.log")
		require.NoError(t, collectortest.Append(file, lines.String()))
	}
	arguments := []string{"--set", "logs.enabled=true,rabbitmq.enabled=false,names.enabled=false,metrics.enabled=false," +
		"backends.otlp.enabled=true"}
	rendered := workloads(t, render(t, arguments...))
	require.Len(t, rendered, 1)
	require.Contains(t, rendered[0].config, "- /var/log/pods/openstack_*/*/*.log\n")
	c := start(t, rendered[0].name, nil, append(arguments,
		"--set-string", "logs.config.receivers.file_log.include[0]="+folder+"/openstack_*/*/*.log")...)
	c.eventually(t, func() bool { return c.records.Load() >= 146 })
	c.eventually(t, c.isReady)
	c.Stop(t)
	require.EqualValues(t, 146, c.records.Load())
}
