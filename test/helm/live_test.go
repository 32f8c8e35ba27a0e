//go:build helm

package helm

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// collector is a workload of the chart that runs outside of Kubernetes: its ports and folders are others.
type collector struct {
	*collectortest.Process
	backend *collectortest.Backend
	health  string
}

func start(t *testing.T, name string, environment map[string]string, arguments ...string) *collector {
	t.Helper()
	c := &collector{health: collectortest.FreeAddress(t), backend: collectortest.NewBackend(t, "/v1/logs")}
	for _, w := range workloads(t, render(t, arguments...)) {
		if w.name != name {
			continue
		}
		for variable, value := range environment {
			require.Contains(t, w.environment, variable)
			w.environment[variable] = value
		}
		w.environment["AUDIT_OTLP_ENDPOINT"] = c.backend.URL
		w.environment["AUDIT_HEALTH_ENDPOINT"] = c.health
		w.environment["AUDIT_NAMES_ENDPOINT"] = collectortest.FreeAddress(t)
		w.environment["AUDIT_STATE"] = t.TempDir()
		without := "--config=yaml:service::telemetry::metrics: {level: none, readers: []}" // its port may be another's here
		c.Process = collectortest.Start(t, w.variables(), collectortest.Binary(t), append(w.arguments(t), without)...)
	}
	require.NotNil(t, c.Process, "no workload %s", name)
	return c
}

// awaitReady asks as the readiness probe does.
func (c *collector) awaitReady(t *testing.T) {
	t.Helper()
	collectortest.Await(t, func() error {
		_, err := collectortest.Get(t.Context(), "http://"+c.health+"/status")
		return err
	}, c.Process)
}

// awaitRecords ends the collector once there are so many, so that no more can come.
func (c *collector) awaitRecords(t *testing.T, want int) {
	t.Helper()
	c.Eventually(t, func() bool { return c.backend.Count() >= want }, "not all records arrive")
	c.Stop(t)
	require.Equal(t, want, c.backend.Count())
}

// Services of two virtual hosts publish, as openstack-helm sets them up, and both arrive.
func TestEventsOfEachVirtualHostArrive(t *testing.T) {
	node := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	require.NoError(t, node.AddVirtualHosts(t.Context(), "keystone", "nova"))
	sent := fixtures.Bodies(t, fixtures.KeystoneMessagingV2)
	for _, service := range []string{"keystone", "nova"} {
		collectortest.Publish(t, node.UserURL("guest", "guest", service), service) // makes the exchange
	}
	c := start(t, "audit", map[string]string{
		"AUDIT_TRANSPORT_URL_KEYSTONE":   "rabbit://guest:guest@" + node.Address() + "/keystone",
		"AUDIT_TRANSPORT_URL_NOVA_CELL1": "rabbit://guest:guest@" + node.Address() + "/nova",
	}, "--values", "testdata/virtual-hosts.yaml")
	c.awaitReady(t)
	for _, service := range []string{"keystone", "nova"} {
		c.Eventually(t, func() bool {
			queues, err := node.Ctl(t.Context(), "list_queues", "--vhost", service, "name", "consumers")
			return err == nil && strings.Contains(queues, "otelcol-openstack-audit-otlp\t1")
		}, "it does not consume")
		collectortest.Publish(t, node.UserURL("guest", "guest", service), service, sent...)
	}
	c.awaitRecords(t, 2*len(sent))
}

func TestListenTakesWhatServicesPublish(t *testing.T) {
	address := collectortest.FreeAddress(t)
	c := start(t, "trail-otelcol-openstack-audit-listen", nil,
		"--set", "listen.enabled=true,names.enabled=false,metrics.enabled=false,backends.otlp.enabled=true",
		"--set-string", "listen.config.receivers.openstack_audit.listen.endpoint="+address)
	c.awaitReady(t)
	sent := fixtures.Bodies(t, fixtures.KeystoneMessagingV2)
	collectortest.Publish(t, "amqp://keystone:made-up@"+address+"/", "keystone", sent...)
	c.awaitRecords(t, len(sent))
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
	c.awaitReady(t)
	c.awaitRecords(t, 146)
}
