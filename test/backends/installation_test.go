package backends

import (
	"bytes"
	"context"
	"fmt"
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
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
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

// install starts a configuration of config/ whose receivers are named in its text, and a Prometheus that is as many times faster.
func install(t testing.TB, configuration string, speed int, arguments ...string) *installation {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config", filepath.Clean(configuration)))
	require.NoError(t, err)
	i := &installation{elasticsearch: newElasticsearch(t), otlp: newOTLPStore(t, "/v1/logs"), loki: newOTLPStore(t, "/otlp/v1/logs")}
	addresses := collectortest.FreeAddresses(t, 4)
	i.self = addresses[0]
	environment := append(keystone(t), "AUDIT_METRICS_PORT="+portOf(t, i.self), "AUDIT_PROMETHEUS_ENDPOINT="+addresses[1],
		"AUDIT_HEALTH_ENDPOINT="+addresses[2], "AUDIT_NAMES_ENDPOINT="+addresses[3], "AUDIT_STATE="+t.TempDir(),
		"AUDIT_OTLP_ENDPOINT="+i.otlp.URL, "AUDIT_LOKI_ENDPOINT="+i.loki.URL+"/otlp", "AUDIT_ELASTICSEARCH_ENDPOINT="+i.elasticsearch.URL,
		"AUDIT_OUTPUT="+filepath.Join(t.TempDir(), "audit.jsonl"))
	for _, source := range sources {
		if strings.Contains(string(text), "\n  "+source.receiver+":\n"+source.section) {
			require.Nil(t, i.send, "%s has two receivers", configuration)
			var more []string
			i.send, more = source.start(t)
			environment = append(environment, more...)
		}
	}
	if strings.Contains(string(text), "rabbitmq:") { // several installations have one broker
		arguments = append(arguments, "--set", "receivers.openstack_audit.rabbitmq.queue.name="+configuration)
	}
	require.NotNil(t, i.send, "no receiver of %s is known to this test", configuration)
	i.process = collectortest.Start(t, environment, binary(t),
		append([]string{"--config", filepath.Join(root, "config", configuration), "--feature-gates=+extension.healthcheck.useComponentStatus"}, arguments...)...)
	eventually(t, func() error {
		_, err := get(t.Context(), "http://"+i.self+"/metrics", nil)
		return err
	}, i.process)
	options := prometheustest.Options{Root: root, Collectors: []string{i.self}, Speed: speed}
	if strings.Contains(string(text), "openstack_audit_metrics") {
		options.Exporters = []string{addresses[1]}
	}
	i.prometheus = prometheus{prometheustest.Start(t, options)}
	return i
}

// sources are the ways in which events come to a configuration: the receiver, how its section begins, and what sends one event.
var sources = []struct {
	receiver, section string
	start             func(t testing.TB) (send func(context.Context) error, environment []string)
}{
	{"openstack_audit", "    rabbitmq:", func(t testing.TB) (func(context.Context) error, []string) {
		url, environment := broker(t)
		p := publisher(t, url)
		return func(ctx context.Context) error {
			return p.Publish(ctx, "notifications.info", login(time.Now(), alice, "success"))
		}, environment
	}},
	{"openstack_audit", "    listen:", func(t testing.TB) (func(context.Context) error, []string) {
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
	}},
	{"file_log", "    include:\n      - ${env:AUDIT_LOG_FILES", func(t testing.TB) (func(context.Context) error, []string) {
		path := filepath.Join(t.TempDir(), "keystone.log")
		return appendLine(path, ""), []string{"AUDIT_LOG_FILES=" + path}
	}},
	{"file_log", "    include:\n      - ${env:AUDIT_POD_LOGS", func(t testing.TB) (func(context.Context) error, []string) {
		folder := filepath.Join(t.TempDir(), "openstack_keystone-api-0_c2f1b0de-52cc-4a4f-9f62-1f3d0d1b1b5c", "keystone-api")
		require.NoError(t, os.MkdirAll(folder, 0o750))
		return appendLine(filepath.Join(folder, "0.log"), "2026-11-20T23:23:04.177204871Z stdout F "), []string{"AUDIT_POD_LOGS=" + folder + "/*.log"}
	}},
	{"journald", "    directory:", func(t testing.TB) (func(context.Context) error, []string) {
		folder := t.TempDir()
		export := fmt.Sprintf("__REALTIME_TIMESTAMP=1795216984177204\n_HOSTNAME=ctl01\nPRIORITY=6\nMESSAGE=%s\n\n", logLine())
		remote := exec.CommandContext(t.Context(), lookPath(t, "/usr/lib/systemd/systemd-journal-remote", "systemd-journal-remote"),
			"-o", filepath.Join(folder, "system.journal"), "-")
		remote.Stdin = strings.NewReader(export)
		out, err := remote.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return func(context.Context) error { return nil }, []string{"AUDIT_JOURNAL=" + folder} // its events are there
	}},
	{"kafka", "    brokers:", func(t testing.TB) (func(context.Context) error, []string) {
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
	}},
	{"otlp", "    protocols:\n      grpc:", func(t testing.TB) (func(context.Context) error, []string) {
		addresses := collectortest.FreeAddresses(t, 2)
		return func(ctx context.Context) error {
			logs := plog.NewLogs()
			logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(logLine())
			body, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
			if err != nil {
				return err
			}
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addresses[0]+"/v1/logs", bytes.NewReader(body))
			if err != nil {
				return err
			}
			request.Header.Set("Content-Type", "application/x-protobuf")
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return err
			}
			return response.Body.Close()
		}, []string{"AUDIT_GATEWAY_HTTP=" + addresses[0], "AUDIT_GATEWAY_GRPC=" + addresses[1]}
	}},
}

// logLine is an event as oslo.messaging's log driver writes it: the first of a capture.
func logLine() string {
	text, err := os.ReadFile(filepath.Join(root, "testdata", "loglines", "keystone-log-driver.log"))
	if err != nil {
		panic(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

func appendLine(path, prefix string) func(context.Context) error {
	return func(context.Context) error {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if _, err := file.WriteString(prefix + logLine() + "\n"); err != nil {
			return err
		}
		return file.Close()
	}
}
