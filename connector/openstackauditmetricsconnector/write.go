package openstackauditmetricsconnector

import (
	"maps"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

const scopeName = "github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditmetricsconnector"

// write copies the totals. A series is written as zero until accepted was called after it was, and then with what it counted: a
// query for a rate takes the first value that it sees of a series for its start. final leaves this out.
func (c *counters) write(version string, start, now pcommon.Timestamp, final bool) pmetric.Metrics {
	c.mu.Lock()
	defer c.mu.Unlock()
	metrics := pmetric.NewMetrics()
	for _, r := range c.resources() {
		sm := r.AppendScope(metrics, scopeName, version)
		for _, t := range c.tables() {
			if len(t.byResource[r]) > 0 {
				t.write(r, sm.Metrics().AppendEmpty(), start, now, final)
			}
		}
	}
	return metrics
}

// accepted says that the metrics pipeline has what was written last.
func (c *counters) accepted() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.tables() {
		for _, s := range t.byKey {
			s.shown = s.written
		}
	}
}

// resources are all that have series, in one order.
func (c *counters) resources() []totals.Resource {
	known := map[totals.Resource]struct{}{}
	for _, t := range c.tables() {
		for r := range t.byResource {
			known[r] = struct{}{}
		}
	}
	return slices.SortedFunc(maps.Keys(known), totals.Resource.Compare)
}

func (t *table) write(r totals.Resource, metric pmetric.Metric, start, now pcommon.Timestamp, final bool) {
	metric.SetName(t.name)
	metric.SetDescription(t.description)
	metric.SetUnit(t.unit)
	all := t.byResource[r]
	if t.bounds == nil {
		sum := totals.SetCounter(metric)
		sum.DataPoints().EnsureCapacity(len(all))
		for _, s := range all {
			point := sum.DataPoints().AppendEmpty()
			point.SetStartTimestamp(start)
			point.SetTimestamp(now)
			t.writeAttributes(s, point.Attributes())
			if s.show(final) {
				point.SetIntValue(int64(s.count))
			} else {
				point.SetIntValue(0)
			}
		}
		return
	}
	histogram := metric.SetEmptyHistogram()
	histogram.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	histogram.DataPoints().EnsureCapacity(len(all))
	for _, s := range all {
		point := histogram.DataPoints().AppendEmpty()
		point.SetStartTimestamp(start)
		point.SetTimestamp(now)
		t.writeAttributes(s, point.Attributes())
		point.ExplicitBounds().FromRaw(t.bounds)
		if s.show(final) {
			point.SetCount(s.count)
			point.SetSum(s.sum)
			point.BucketCounts().FromRaw(s.buckets)
		} else {
			point.SetSum(0)
			point.BucketCounts().FromRaw(make([]uint64, len(s.buckets)))
		}
	}
}

// show reports whether to write what the series counted, and remembers that it was written.
func (s *series) show(final bool) bool {
	s.written = true
	return s.shown || final
}

func (t *table) writeAttributes(s *series, attributes pcommon.Map) {
	attributes.EnsureCapacity(len(s.values) + 1)
	for i, value := range s.values {
		if value != "" {
			attributes.PutStr(t.attributes[i], value)
		}
	}
	if s.overflow {
		attributes.PutBool(totals.AttrOverflow, true)
	}
}
