package backends

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/prometheustest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// installation is a shipped configuration, run as it is, with all that it talks to and a Prometheus with our rules.
type installation struct {
	*process
	prometheus    prometheus
	elasticsearch *elasticsearch
	otlp, loki    *otlpStore
	self          string
	// send gives it one event, the way that events come to it.
	send func(context.Context) error
}

// otlpStore answers every request with a status.
type otlpStore struct {
	*httptest.Server
	status chan int // of one value
}

func newOTLPStore(t testing.TB, path string) *otlpStore {
	t.Helper()
	s := &otlpStore{status: make(chan int, 1)}
	s.status <- http.StatusOK
	s.Server = httptest.NewServer(collectortest.OTLP(path, func(context.Context, plog.Logs) int {
		status := <-s.status
		s.status <- status
		return status
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *otlpStore) answer(status int) {
	<-s.status
	s.status <- status
}

// install starts a configuration of config/, and a Prometheus with our rules that is as many times faster. url is that of the broker.
func install(t testing.TB, configuration, url string, speed int, arguments ...string) *installation {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config", filepath.Clean(configuration)))
	require.NoError(t, err)
	i := &installation{elasticsearch: newElasticsearch(t), otlp: newOTLPStore(t, "/v1/logs"), loki: newOTLPStore(t, "/otlp/v1/logs")}
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
	addresses := collectortest.FreeAddresses(t, 4)
	i.self = addresses[0]
	environment = append(append(environment, keystone(t)...),
		"AUDIT_METRICS_PORT="+portOf(t, i.self), "AUDIT_PROMETHEUS_ENDPOINT="+addresses[1],
		"AUDIT_HEALTH_ENDPOINT="+addresses[2], "AUDIT_NAMES_ENDPOINT="+addresses[3], "AUDIT_STATE="+t.TempDir(),
		"AUDIT_OTLP_ENDPOINT="+i.otlp.URL, "AUDIT_LOKI_ENDPOINT="+i.loki.URL+"/otlp", "AUDIT_ELASTICSEARCH_ENDPOINT="+i.elasticsearch.URL,
		"AUDIT_OPENSEARCH_ENDPOINT="+openSearch.URL,
		"AUDIT_OUTPUT="+filepath.Join(t.TempDir(), "audit.jsonl"))
	i.process = collectortest.Start(t, environment, binary(t),
		append([]string{"--config", filepath.Join(root, "config", configuration), "--feature-gates=+extension.healthcheck.useComponentStatus"}, arguments...)...)
	eventually(t, func() error {
		_, err := get(t.Context(), "http://"+i.self+"/metrics", nil)
		return err
	}, i.process)
	options := prometheustest.Options{Root: root, Collectors: []string{i.self}, Speed: speed}
	if bytes.Contains(text, []byte("openstack_audit_metrics:")) {
		options.Exporters = []string{addresses[1]}
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
		require.NoError(t, os.MkdirAll(folder, 0o750))
		return appendLine(t, filepath.Join(folder, "0.log"), "2026-11-20T23:23:04.177204871Z stdout F "), []string{"AUDIT_POD_LOGS=" + folder + "/*.log"}
	},
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

// fromJournal has one event from the start on.
func fromJournal(t testing.TB, _ string) (func(context.Context) error, []string) {
	t.Helper()
	folder := t.TempDir()
	remote := exec.CommandContext(t.Context(), lookPath(t, "/usr/lib/systemd/systemd-journal-remote", "systemd-journal-remote"),
		"-o", filepath.Join(folder, "system.journal"), "-")
	remote.Stdin = strings.NewReader("__REALTIME_TIMESTAMP=1795216984177204\n_HOSTNAME=ctl01\n_SYSTEMD_UNIT=keystone.service\n" +
		"PRIORITY=6\nMESSAGE=" + logLine(t) + "\n\n")
	out, err := remote.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return func(context.Context) error { return nil }, []string{"AUDIT_JOURNAL=" + folder}
}

func fromKafka(t testing.TB, _ string) (func(context.Context) error, []string) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "notifications.info", "notifications.warn",
		"notifications.error", "notifications.critical", "notifications.audit"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	producer, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	require.NoError(t, err)
	t.Cleanup(producer.Close)
	return func(ctx context.Context) error {
		return producer.ProduceSync(ctx, &kgo.Record{Topic: "notifications.info", Value: login(time.Now(), alice, "success")}).FirstErr()
	}, []string{"AUDIT_KAFKA_BROKER=" + cluster.ListenAddrs()[0]}
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
	return func(context.Context) error {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if _, err := file.WriteString(line); err != nil {
			return err
		}
		return file.Close()
	}
}
