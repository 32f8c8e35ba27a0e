package backends

import (
	"testing"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// full is config/full.yaml with its backends.
type full struct {
	*process
	url                    string // of the broker
	exporter, self, health string
	elasticsearch          *elasticsearch
}

// startFull runs config/full.yaml against a Loki, or what stands for it.
func startFull(t testing.TB, lokiEndpoint string, arguments ...string) full {
	t.Helper()
	f := full{elasticsearch: newElasticsearch(t)}
	addresses := collectortest.FreeAddresses(t, 3)
	f.exporter, f.self, f.health = addresses[0], addresses[1], addresses[2]
	url, environment := broker(t)
	f.url = url
	environment = append(environment, keystone(t)...)
	environment = append(environment,
		"AUDIT_LOKI_ENDPOINT="+lokiEndpoint, "AUDIT_ELASTICSEARCH_ENDPOINT="+f.elasticsearch.URL, "AUDIT_STATE="+t.TempDir(),
		"AUDIT_PROMETHEUS_ENDPOINT="+f.exporter, "AUDIT_METRICS_PORT="+portOf(t, f.self), "AUDIT_HEALTH_ENDPOINT="+f.health)
	f.process = collector(t, "full.yaml", environment, append([]string{
		"--set", "connectors.openstack_audit_metrics.flush_interval=500ms",
		"--set", "exporters.elasticsearch.retry.max_interval=1s",
		"--set", "processors.keystone_attributes.wait=1m",
		"--set", "processors.keystone_attributes.http.timeout=1m",
	}, arguments...)...)
	return f
}
