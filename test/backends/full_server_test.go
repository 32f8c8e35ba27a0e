package backends

import (
	"testing"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// full is config/full.yaml with its backends.
type full struct {
	*collectortest.Collector
	url           string // of the broker
	elasticsearch *elasticsearch
}

// startFull runs config/full.yaml against a Loki, or what stands for it.
func startFull(t testing.TB, lokiEndpoint string, arguments ...string) full {
	t.Helper()
	f := full{elasticsearch: newElasticsearch(t)}
	url, environment := broker(t)
	f.url = url
	environment = append(environment, keystone(t)...)
	environment = append(environment,
		"AUDIT_LOKI_ENDPOINT="+lokiEndpoint, "AUDIT_ELASTICSEARCH_ENDPOINT="+f.elasticsearch.URL)
	f.Collector = consuming(t, "full.yaml", environment, append([]string{
		"--set", "connectors.openstack_audit_metrics.flush_interval=500ms",
		"--set", "exporters.elasticsearch.retry.max_interval=1s",
		"--set", "processors.keystone_attributes.wait=1m",
		"--set", "processors.keystone_attributes.http.timeout=1m",
	}, arguments...)...)
	return f
}
