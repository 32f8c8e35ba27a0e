package backends

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/prometheustest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// installation is a shipped configuration, run as it is, with all that it talks to and a Prometheus with our rules.
type installation struct {
	*collectortest.Collector
	prometheus    prometheus
	elasticsearch *elasticsearch
	otlp, loki    *collectortest.Backend
	// send gives it one event, the way that events come to it.
	send func(context.Context) error
}

// install starts a configuration of config/, and a Prometheus with our rules that is as many times faster. url is that of the broker.
func install(t testing.TB, configuration, url string, speed int, arguments ...string) *installation {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config", filepath.Clean(configuration)))
	require.NoError(t, err)
	i := &installation{elasticsearch: newElasticsearch(t), otlp: collectortest.NewBackend(t, "/v1/logs"),
		loki: collectortest.NewBackend(t, "/otlp/v1/logs")}
	openSearch := newElasticsearch(t)
	openSearch.openSearch = true
	var environment []string
	for variable, source := range sources {
		if bytes.Contains(text, []byte("${env:"+variable)) {
			require.Nil(t, i.send, "%s has two sources", configuration)
			i.send, environment = source(t, url)
		}
	}
	require.NotNil(t, i.send, "no source of %s is known to this test", configuration)
	i.Collector = collectortest.Run(t, collectortest.Options{Config: configuration, Arguments: arguments, Environment: append(
		append(environment, keystone(t)...),
		"AUDIT_OTLP_ENDPOINT="+i.otlp.URL, "AUDIT_LOKI_ENDPOINT="+i.loki.URL+"/otlp", "AUDIT_ELASTICSEARCH_ENDPOINT="+i.elasticsearch.URL,
		"AUDIT_OPENSEARCH_ENDPOINT="+openSearch.URL, "AUDIT_OUTPUT="+filepath.Join(t.TempDir(), "audit.jsonl"))})
	eventually(t, func() error {
		_, err := collectortest.Get(t.Context(), "http://"+i.Metrics+"/metrics")
		return err
	}, i.Process)
	options := prometheustest.Options{Collectors: []string{i.Metrics}, Speed: speed}
	if bytes.Contains(text, []byte("openstack_audit_metrics:")) {
		options.Exporters = []string{i.Prometheus}
	}
	i.prometheus = prometheus{prometheustest.Start(t, options)}
	return i
}

// source begins to be one, of the broker at the url where it has one, and returns what sends one event and what a configuration is told.
type source func(t testing.TB, url string) (send func(context.Context) error, environment []string)

// sources are the ways in which events come to a configuration, by the variable that says where they come from.
var sources = map[string]source{
	"AUDIT_TRANSPORT_URL":   fromBroker,
	"AUDIT_LISTEN_ENDPOINT": fromService,
	"AUDIT_LOG_FILES": func(t testing.TB, _ string) (func(context.Context) error, []string) {
		path := filepath.Join(t.TempDir(), "keystone.log")
		return appendLine(t, path, ""), []string{"AUDIT_LOG_FILES=" + path}
	},
	"AUDIT_POD_LOGS": func(t testing.TB, _ string) (func(context.Context) error, []string) {
		folder := filepath.Join(t.TempDir(), "openstack_keystone-api-0_c2f1b0de-52cc-4a4f-9f62-1f3d0d1b1b5c", "keystone-api")
		return appendLine(t, filepath.Join(folder, "0.log"), "2026-11-20T23:23:04.177204871Z stdout F "),
			[]string{"AUDIT_POD_LOGS=" + folder + "/*.log"}
	},
	"AUDIT_SPOOL_FILES":  fromSpool,
	"AUDIT_JOURNAL":      fromJournal,
	"AUDIT_KAFKA_BROKER": fromKafka,
	"AUDIT_GATEWAY_HTTP": fromAgent,
}

func fromBroker(t testing.TB, url string) (func(context.Context) error, []string) {
	t.Helper()
	p := publisher(t, url)
	return func(ctx context.Context) error {
		return p.Publish(ctx, "notifications.info", login(time.Now(), alice, "success"))
	}, brokerEnvironment(t, url)
}

func fromService(t testing.TB, _ string) (func(context.Context) error, []string) {
	t.Helper()
	endpoint := collectortest.FreeAddress(t)
	var p *rabbitmqtest.Publisher
	return func(ctx context.Context) (err error) {
		if p == nil {
			if p, err = rabbitmqtest.NewPublisher("amqp://keystone:listen-only@"+endpoint+"/", "keystone", false); err != nil {
				return err
			}
		}
		return p.Publish(ctx, "notifications.info", login(time.Now(), alice, "success"))
	}, []string{"AUDIT_LISTEN_ENDPOINT=" + endpoint, "AUDIT_LISTEN_PASSWORD=listen-only"}
}

// fromSpool has signed events from the start on.
func fromSpool(t testing.TB, _ string) (func(context.Context) error, []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit-spool-keystone-node-1.jsonl")
	require.NoError(t, collectortest.Append(path, fixtures.Text(t, "signed/spool.jsonl")))
	return func(context.Context) error { return nil }, []string{
		"AUDIT_SPOOL_FILES=" + path,
		"AUDIT_KEYSTONE_KEK=746573742d6b656b2d33322d62797465732d3031323334353637383961626364", // that of testdata/signed/sign.py
	}
}

// fromJournal has one event from the start on.
func fromJournal(t testing.TB, _ string) (func(context.Context) error, []string) {
	t.Helper()
	journal := collectortest.Journal{Folder: t.TempDir()}
	journal.Write(t, "keystone.service", logLine(t))
	return func(context.Context) error { return nil }, []string{"AUDIT_JOURNAL=" + journal.Folder}
}

func fromKafka(t testing.TB, _ string) (func(context.Context) error, []string) {
	t.Helper()
	broker, produce := collectortest.Kafka(t)
	return func(context.Context) error {
		return produce(login(time.Now(), alice, "success"))
	}, []string{"AUDIT_KAFKA_BROKER=" + broker}
}

// fromAgent is another collector that sends lines by OTLP.
func fromAgent(t testing.TB, _ string) (func(context.Context) error, []string) {
	t.Helper()
	addresses := collectortest.FreeAddresses(t, 2)
	line := logLine(t)
	return func(ctx context.Context) error {
		logs := plog.NewLogs()
		logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(line)
		return sendOTLP(ctx, "http://"+addresses[0], collectortest.GatewayToken, logs)
	}, collectortest.GatewayEnvironment(t, addresses[0], addresses[1])
}

// logLine is an event as oslo.messaging's log driver writes it: the first of a capture.
func logLine(t testing.TB) string {
	t.Helper()
	return fixtures.Lines(t, "loglines/keystone-log-driver.log")[0]
}

func appendLine(t testing.TB, path, prefix string) func(context.Context) error {
	t.Helper()
	line := prefix + logLine(t) + "\n"
	return func(context.Context) error { return collectortest.Append(path, line) }
}
