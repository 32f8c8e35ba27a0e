package backends

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// No alert fires within the first 20 minutes of a healthy installation of any shipped configuration. A minute takes two seconds.
func TestNoAlertFiresWhereAllIsWell(t *testing.T) {
	t.Parallel()
	const minutes, speed = 20, 30
	paths, err := filepath.Glob(filepath.Join(root, "config", "*.yaml"))
	require.NoError(t, err)
	var configurations, hosts []string
	for _, path := range paths {
		text, err := os.ReadFile(filepath.Clean(path))
		require.NoError(t, err)
		if !strings.Contains(string(text), "level: none") { // what the quickstart starts has no metrics
			configurations = append(configurations, filepath.Base(path))
			hosts = append(hosts, virtualHost(t)+"-"+filepath.Base(path))
		}
	}
	require.NoError(t, node.AddVirtualHosts(t.Context(), hosts...))
	installations := map[string]*installation{}
	for i, configuration := range configurations {
		installations[configuration] = install(t, configuration, node.UserURL("guest", "guest", hosts[i]), speed)
	}
	require.GreaterOrEqual(t, len(installations), 12)
	for name, i := range installations {
		t.Run(name, func(t *testing.T) {
			eventually(t, func() error {
				for _, each := range installations { // all of them go on
					if err := each.send(t.Context()); err != nil {
						return err
					}
				}
				scraped, err := i.prometheus.Query(t.Context(), `count_over_time(up{job="otelcol-openstack-audit"}[1d])`)
				if err == nil && scraped["instance="+i.Metrics+",job=otelcol-openstack-audit"] < minutes*60/speed*2 {
					err = fmt.Errorf("not long enough: %v", scraped)
				}
				return err
			}, i.Process, i.prometheus.Process)
			eventually(t, func() error { // a busy machine may just have missed a scrape
				came, err := i.prometheus.Query(t.Context(),
					`{__name__=~"otelcol_(receiver_accepted_log_records|openstack_audit_.*_(notifications|events))"} > 0`)
				if err == nil && len(came) == 0 {
					err = errors.New("no event came")
				}
				return err
			}, i.Process, i.prometheus.Process)
			fired, err := i.prometheus.Fired(t.Context())
			require.NoError(t, err)
			require.Empty(t, fired)
		})
	}
}

// What happens to an installation raises its alert, as the collector's own metrics tell of it, and the alert ends. FAULTS=all takes all.
func TestAlertOfEachFault(t *testing.T) {
	t.Parallel()
	const speed = 120
	overflow := []string{
		"--set", "exporters.otlp_http.sending_queue.queue_size=20", "--set", "exporters.otlp_http.sending_queue.block_on_overflow=false",
	}
	for _, test := range []struct {
		alert, configuration string
		arguments            []string
		fault, end           func(*testing.T, *installation)
		always               bool
	}{
		{
			alert: "OpenStackAuditBackendAway", configuration: "durable.yaml", always: true,
			fault: func(_ *testing.T, i *installation) { i.otlp.Answer(http.StatusServiceUnavailable) },
			end:   func(_ *testing.T, i *installation) { i.otlp.Answer(http.StatusOK) },
		},
		{
			alert: "OpenStackAuditDocumentsRejected", configuration: "elasticsearch.yaml", always: true,
			fault: func(_ *testing.T, i *installation) { i.elasticsearch.setRefuse(0, http.StatusBadRequest) },
		},
		{
			alert: "OpenStackAuditRequestsRejected", configuration: "loki.yaml",
			fault: func(_ *testing.T, i *installation) { i.loki.Answer(http.StatusBadRequest) },
			end:   func(_ *testing.T, i *installation) { i.loki.Answer(http.StatusOK) },
		},
		{
			alert: "OpenStackAuditExporterDrops", configuration: "loki.yaml",
			fault: func(_ *testing.T, i *installation) { i.loki.Answer(http.StatusBadRequest) },
			end:   func(_ *testing.T, i *installation) { i.loki.Answer(http.StatusOK) },
		},
		{
			alert: "OpenStackAuditExporterQueueRefuses", configuration: "durable.yaml", arguments: overflow,
			fault: func(_ *testing.T, i *installation) { i.otlp.Answer(http.StatusServiceUnavailable) },
			end:   func(_ *testing.T, i *installation) { i.otlp.Answer(http.StatusOK) },
		},
		{
			alert: "OpenStackAuditPipelineRefuses", configuration: "durable.yaml", arguments: overflow,
			fault: func(_ *testing.T, i *installation) { i.otlp.Answer(http.StatusServiceUnavailable) },
			end:   func(_ *testing.T, i *installation) { i.otlp.Answer(http.StatusOK) },
		},
		{
			alert: "OpenStackAuditDecodeErrors", configuration: "durable.yaml",
			fault: func(t *testing.T, _ *installation) { send(t, brokerURL(t), []byte("no notification")) },
		},
		{
			alert: "OpenStackAuditDisconnected", configuration: "durable.yaml",
			fault: func(t *testing.T, _ *installation) {
				_, err := node.Ctl(t.Context(), "delete_vhost", virtualHost(t))
				require.NoError(t, err)
			},
			end: func(t *testing.T, _ *installation) {
				require.NoError(t, node.AddVirtualHost(t.Context(), virtualHost(t)))
				send(t, brokerURL(t)) // the exchange
			},
		},
	} {
		if !test.always && os.Getenv("FAULTS") != "all" {
			continue
		}
		t.Run(test.alert, func(t *testing.T) {
			t.Parallel()
			url, _ := broker(t)
			i := install(t, test.configuration, url, speed, test.arguments...)
			alert := func(want bool) {
				t.Helper()
				eventually(t, func() error {
					_ = i.send(t.Context()) // the broker may be away
					names, err := i.prometheus.Firing(t.Context())
					if err == nil && slices.Contains(names, test.alert) != want {
						err = fmt.Errorf("want that it fires: %v; fires: %v", want, names)
					}
					return err
				}, i.Process, i.prometheus.Process)
			}
			i.prometheus.wait(t, `sum(otelcol_openstack_audit_receiver_connected)`, samples{"": 1}, i.Process)
			alert(false)
			test.fault(t, i)
			alert(true)
			if test.end != nil {
				test.end(t, i)
			}
			alert(false)
		})
	}
}
