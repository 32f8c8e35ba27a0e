package backends

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"golang.org/x/sync/errgroup"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// metricsCollector is a collector with config/prometheus.yaml that flushes often.
func metricsCollector(t testing.TB, environment []string, arguments ...string) (c *process, exporter, self string) {
	t.Helper()
	arguments = append([]string{"--set", "connectors.openstack_audit_metrics.flush_interval=500ms"}, arguments...)
	running := consuming(t, "prometheus.yaml", environment, arguments...)
	return running.Process, running.Prometheus, running.Metrics
}

// extra writes a configuration that is merged over another.
func extra(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "extra.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// Sixteen senders at once, eight by RabbitMQ and eight by OTLP, with late events and repeats.
func TestPrometheusCountsExactly(t *testing.T) {
	t.Parallel()
	const (
		senders, rounds = 8, 40
		// Of each round.
		successes, wrongPasswords, unknownUsers, requests = 3, 2, 1, 2
	)
	url, environment := broker(t)
	otlp := collectortest.FreeAddress(t)
	c, exporter, self := metricsCollector(t, environment, "--config", extra(t, `
receivers: {otlp: {protocols: {http: {endpoint: `+otlp+`}}}}
service: {pipelines: {logs: {receivers: [openstack_audit, otlp]}}}
`))
	p := startPrometheus(t, []string{exporter}, []string{self})
	p.wait(t, `sum by (job) (openstack_identity_authentications_total{openstack_audit_outcome="failure"})`,
		samples{"job=openstack/keystone": 0}, c)

	round := func(i int) (bodies [][]byte) {
		at := time.Now().Add(time.Duration(i*37%50) * -time.Hour) // late, and in no order
		for range successes {
			bodies = append(bodies, login(at, alice, "success"))
		}
		for range wrongPasswords {
			bodies = append(bodies, login(at, alice, "failure"))
		}
		for range unknownUsers {
			bodies = append(bodies, unknownLogin(at, "eve", "Default", "203.0.113.9"))
		}
		for range requests {
			bodies = append(bodies,
				request(at, alice, "nova-api", "create", "/v2.1/servers", 0, 0),
				request(at, alice, "nova-api", "create", "/v2.1/servers", 202, 120*time.Millisecond))
		}
		if i%2 == 1 { // Keystone runs on two hosts
			for j := range bodies {
				bodies[j] = bytes.Replace(bodies[j], []byte("controller-1"), []byte("controller-2"), 1)
			}
		}
		return bodies
	}
	group, ctx := errgroup.WithContext(t.Context())
	for range senders {
		byRabbitMQ := publisher(t, url)
		group.Go(func() error {
			for i := range rounds {
				if err := byRabbitMQ.Publish(ctx, "notifications.info", round(i)...); err != nil {
					return err
				}
			}
			return nil
		})
		group.Go(func() error {
			mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "test")
			for i := range rounds {
				if err := postLogs(ctx, "http://"+otlp, mapper, round(i), 1+i%2); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	// Once this one is seen, nothing can come later.
	last := unknownLogin(time.Now(), "last", "last", "203.0.113.9")
	send(t, url, last, last)
	p.wait(t, `openstack_identity_authentications_total{openstack_user_domain_name="last"}`, samples{
		"__name__=openstack_identity_authentications_total,error_type=user_not_found,instance=" + exporter + ",job=openstack/keystone," +
			"openstack_audit_outcome=failure,openstack_user_domain_name=last": 1,
	}, c)

	const all = 2 * senders * rounds
	t.Logf("sent %d notifications, %d of them OTLP repeats", all*(successes+wrongPasswords+unknownUsers+2*requests)+2,
		senders*rounds/2*(successes+wrongPasswords+unknownUsers+2*requests))
	p.wait(t, `sum by (openstack_audit_outcome, error_type) (openstack_identity_authentications_total) > 0`, samples{
		"openstack_audit_outcome=success":                                all * successes,
		"error_type=invalid_credentials,openstack_audit_outcome=failure": all * wrongPasswords,
		"error_type=user_not_found,openstack_audit_outcome=failure":      all*unknownUsers + 1,
	}, c)
	p.wait(t, `sum by (openstack_user_domain_name) (openstack_identity_authentications_total{error_type="user_not_found"}) > 0`, samples{
		"openstack_user_domain_name=Default": all * unknownUsers,
		"openstack_user_domain_name=last":    1,
	}, c)
	p.wait(t, `sum by (job, openstack_audit_action) (openstack_audit_events_total) > 0`, samples{
		"job=openstack/keystone,openstack_audit_action=authenticate": all*(successes+wrongPasswords+unknownUsers) + 1,
		"job=openstack/nova,openstack_audit_action=create":           all * requests,
	}, c)
	p.wait(t, `sum by (le) (openstack_audit_request_duration_seconds_bucket{le=~"0.1|0.25|.Inf"})`, samples{
		"le=0.1": 0, "le=0.25": all * requests, "le=+Inf": all * requests,
	}, c)
	p.wait(t, `sum by (job) (openstack_notification_delivery_duration_seconds_count)`, samples{
		"job=openstack/keystone": all*(successes+wrongPasswords+unknownUsers) + 1,
		"job=openstack/nova":     all * 2 * requests,
	}, c)
	p.wait(t, `max by (metric) (otelcol_openstack_audit_metrics_connector_overflowed_events) > 0`, samples{}, c)
	c.Stop(t)
}

// postLogs maps notifications as the receiver does, and sends them by OTLP as often as told.
func postLogs(ctx context.Context, endpoint string, mapper *auditlog.Mapper, bodies [][]byte, times int) error {
	records := make([]auditlog.Record, len(bodies))
	for i, body := range bodies {
		records[i] = mapper.Read(auditlog.Message{Body: body, Received: time.Now()})
	}
	logs, _ := mapper.Logs(records)
	for range times {
		if err := sendOTLP(ctx, endpoint, "", logs); err != nil {
			return err
		}
	}
	return nil
}

// sendOTLP sends logs to a collector.
func sendOTLP(ctx context.Context, endpoint, token string, logs plog.Logs) error {
	status, err := collectortest.PostLogs(ctx, endpoint, token, logs)
	if err == nil && status != http.StatusOK {
		err = errors.New(http.StatusText(status))
	}
	return err
}

// Two regions in one collector have a series each.
func TestPrometheusKeepsRegionsApart(t *testing.T) {
	t.Parallel()
	otlp := collectortest.FreeAddress(t)
	_, environment := broker(t)
	c, exporter, _ := metricsCollector(t, environment, "--config", extra(t, `
receivers: {otlp: {protocols: {http: {endpoint: `+otlp+`}}}}
service: {pipelines: {logs: {receivers: [openstack_audit, otlp]}}}
`))
	for i, region := range []string{"one", "two"} {
		config := auditlog.NewDefaultConfig()
		config.Resource.Region = region
		var bodies [][]byte
		for range i + 1 {
			bodies = append(bodies, login(time.Now(), alice, "failure"))
		}
		require.NoError(t, postLogs(t.Context(), "http://"+otlp, auditlog.NewMapper(config, "test"), bodies, 1))
	}
	for i, region := range []string{"one", "two"} {
		eventually(t, func() error { return exported(t, exporter, float64(i+1), `cloud_region="`+region+`"`) }, c)
	}
}

// scraped is the sum of those samples of a metric whose labels contain a text.
func scraped(t testing.TB, address, metric, label string) (total float64, err error) {
	t.Helper()
	text, err := collectortest.Get(t.Context(), "http://"+address+"/metrics")
	if err != nil {
		return 0, err
	}
	sample := regexp.MustCompile(`(?m)^` + metric + `\{([^}]*)\} (\S+)$`)
	for _, match := range sample.FindAllStringSubmatch(text, -1) {
		if strings.Contains(match[1], label) {
			value, err := strconv.ParseFloat(match[2], 64)
			if err != nil {
				return 0, err
			}
			total += value
		}
	}
	return total, nil
}

const authentications = "openstack_identity_authentications_total"

// exported tells when the authentications whose labels contain a text are not as many as wanted.
func exported(t testing.TB, exporter string, want float64, label string) error {
	t.Helper()
	total, err := scraped(t, exporter, authentications, label)
	if err == nil && total != want {
		err = fmt.Errorf("%g authentications with %q, want %g", total, label, want)
	}
	return err
}

// The last value before a graceful restart and the value after are what was sent, also of what comes in between.
func TestPrometheusOverGracefulRestart(t *testing.T) {
	t.Parallel()
	url, environment := broker(t)
	failures := func(count int) {
		for range count {
			send(t, url, login(time.Now(), alice, "failure"))
		}
	}
	c, exporter, _ := metricsCollector(t, environment)
	failures(20)
	eventually(t, func() error { return exported(t, exporter, 20, "failure") }, c)
	c.Stop(t)
	failures(30)
	c, exporter, _ = metricsCollector(t, environment)
	failures(10)
	eventually(t, func() error { return exported(t, exporter, 40, "failure") }, c)
	c.Stop(t)
}

// After a SIGKILL the deliveries that were not settled are counted again, and no others.
func TestPrometheusAfterKill(t *testing.T) {
	t.Parallel()
	const settled, unsettled = 60, 25
	var refusing atomic.Bool
	var refusals atomic.Int64
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if refusing.Load() {
			refusals.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(backend.Close)
	url, environment := broker(t)
	other := extra(t, `
exporters: {otlp_http: {endpoint: `+backend.URL+`, sending_queue: {enabled: false}, retry_on_failure: {enabled: false}}}
service: {pipelines: {logs: {exporters: [openstack_audit_metrics, otlp_http]}}}
`)
	failures := func(count int) {
		var bodies [][]byte
		for range count {
			bodies = append(bodies, login(time.Now(), alice, "failure"))
		}
		send(t, url, bodies...)
	}
	c, exporter, self := metricsCollector(t, environment, "--config", other)
	failures(settled)
	// That they are counted tells nothing of the other exporter.
	eventually(t, func() error {
		acknowledged, err := scraped(t, self, "otelcol_openstack_audit_receiver_deliveries", `settlement="acknowledged"`)
		if err == nil && acknowledged != settled {
			err = fmt.Errorf("%g acknowledged, want %d", acknowledged, settled)
		}
		return err
	}, c)
	eventually(t, func() error { return exported(t, exporter, settled, "failure") }, c)
	refusing.Store(true)
	failures(unsettled)
	// The first batch is counted once, however often it is offered; the next ones are not offered before it is taken.
	var before float64
	eventually(t, func() error {
		if refusals.Load() < 4 {
			return errors.New("not offered again yet")
		}
		var err error
		before, err = scraped(t, exporter, authentications, "failure")
		if err == nil && before <= settled {
			err = errors.New("not counted yet")
		}
		return err
	}, c)
	require.LessOrEqual(t, before, float64(settled+unsettled))
	c.Kill()
	refusing.Store(false)
	c, exporter, _ = metricsCollector(t, environment, "--config", other)
	eventually(t, func() error { return exported(t, exporter, unsettled, "failure") }, c)
	failures(1)
	eventually(t, func() error { return exported(t, exporter, unsettled+1, "failure") }, c)
}
