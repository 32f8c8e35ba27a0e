// Package totals writes metrics that count since the start, as the connectors do.
package totals

import (
	"cmp"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// AttrOverflow is the name that the OpenTelemetry SDK specification gives to overflow series, "Cardinality limits".
const AttrOverflow = "otel.metric.overflow"

// Resource is the resource of metrics, a service. It has no host, because the Prometheus exporter knows series by service name and
// namespace, and those of two hosts would overwrite each other.
type Resource struct {
	ServiceName, ServiceNamespace, Region string
}

// ResourceAttributes are the keys that a Resource has.
func ResourceAttributes() []string {
	return []string{audit.AttrServiceName, audit.AttrServiceNamespace, audit.AttrCloudRegion}
}

// ResourceOf returns that of a record, whose resource has the attributes.
func ResourceOf(attributes pcommon.Map) Resource {
	return Resource{
		ServiceName:      audit.Text(attributes, audit.AttrServiceName),
		ServiceNamespace: audit.Text(attributes, audit.AttrServiceNamespace),
		Region:           audit.Text(attributes, audit.AttrCloudRegion),
	}
}

// Write puts the resource into attributes.
func (r Resource) Write(attributes pcommon.Map) {
	for i, value := range [...]string{r.ServiceName, r.ServiceNamespace, r.Region} {
		if value != "" {
			attributes.PutStr(ResourceAttributes()[i], value)
		}
	}
}

// Compare orders resources.
func (r Resource) Compare(other Resource) int {
	return cmp.Or(cmp.Compare(r.ServiceName, other.ServiceName), cmp.Compare(r.ServiceNamespace, other.ServiceNamespace),
		cmp.Compare(r.Region, other.Region))
}

// AppendScope appends the resource, with the scope of a connector.
func (r Resource) AppendScope(to pmetric.Metrics, scopeName, version string) pmetric.ScopeMetrics {
	resource := to.ResourceMetrics().AppendEmpty()
	r.Write(resource.Resource().Attributes())
	scope := resource.ScopeMetrics().AppendEmpty()
	scope.Scope().SetName(scopeName)
	scope.Scope().SetVersion(version)
	return scope
}

// SetCounter makes a metric a counter.
func SetCounter(metric pmetric.Metric) pmetric.Sum {
	sum := metric.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return sum
}
