package openstackauditcompletenessconnector

import (
	"cmp"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

const (
	nameRecords   = "openstack.audit.publisher.records"
	nameLastEvent = "openstack.audit.publisher.last_event_time"
	nameRepeats   = "openstack.audit.publisher.repeats"
	nameGaps      = "openstack.audit.gaps"
	nameGapsOpen  = "openstack.audit.gaps.open"

	// attrOverflow is the name that the OpenTelemetry SDK specification gives to overflow series, "Cardinality limits".
	attrOverflow = "otel.metric.overflow"
	// attrRepeatCause is why a record comes again.
	attrRepeatCause  = "openstack.audit.repeat.cause"
	causeRedelivered = "redelivered"
	causeSentAgain   = "sent_again"
)

// metrics writes the totals since the start.
func (t *tracker) metrics(version string, now pcommon.Timestamp) pmetric.Metrics {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := &metricsWriter{
		all: pmetric.NewMetrics(), scopes: map[resource]pmetric.ScopeMetrics{}, metrics: map[resource]map[string]pmetric.Metric{},
		version: version, start: pcommon.NewTimestampFromTime(t.started), now: now,
	}
	for _, s := range slices.SortedFunc(maps.Keys(t.publishers.known), compareSources) {
		p := t.publishers.known[s]
		w.publisher(s.resource, p, func(point pmetric.NumberDataPoint) { point.Attributes().PutStr(audit.AttrPublisher, s.Publisher) })
		w.gauge(s.resource, nameLastEvent, "s", "When the newest event of the publisher was sent.", p.Heard.Event.Unix()).
			Attributes().PutStr(audit.AttrPublisher, s.Publisher)
	}
	if others := &t.publishers.others; others.records+others.redelivered > 0 {
		w.publisher(resource{}, others, func(point pmetric.NumberDataPoint) { point.Attributes().PutBool(attrOverflow, true) })
	}
	silent, overdue := t.publishers.silentNow(), t.canaries.overdue()
	for _, r := range slices.SortedFunc(maps.Keys(t.gaps), compareResources) {
		for i, k := range kinds {
			w.sum(r, nameGaps, "{gap}", "What did not come: silences, responses, numbers and logins of the collector.", t.gaps[r][i]).
				Attributes().PutStr(audit.AttrGapKind, string(k))
		}
		w.open(r, kindSilence, silent[r])
		w.open(r, kindCanary, overdue[r])
	}
	return w.all
}

// metricsWriter writes metrics, each once for a resource.
type metricsWriter struct {
	all        pmetric.Metrics
	scopes     map[resource]pmetric.ScopeMetrics
	metrics    map[resource]map[string]pmetric.Metric
	version    string
	start, now pcommon.Timestamp
}

func (w *metricsWriter) publisher(r resource, p *publisher, mark func(pmetric.NumberDataPoint)) {
	mark(w.sum(r, nameRecords, "{record}", "Records of the publisher, each once.", p.records))
	for cause, count := range map[string]uint64{causeRedelivered: p.redelivered, causeSentAgain: p.sentAgain} {
		point := w.sum(r, nameRepeats, "{record}", "Records that came again: the same message, or the same event in another message.", count)
		mark(point)
		point.Attributes().PutStr(attrRepeatCause, cause)
	}
}

func (w *metricsWriter) open(r resource, k kind, count uint64) {
	w.gauge(r, nameGapsOpen, "{gap}", "Silences that last, and logins of the collector that have not come back since.", int64(count)).
		Attributes().PutStr(audit.AttrGapKind, string(k))
}

func (w *metricsWriter) sum(r resource, name, unit, description string, value uint64) pmetric.NumberDataPoint {
	metric, created := w.metric(r, name, unit, description)
	if created {
		sum := metric.SetEmptySum()
		sum.SetIsMonotonic(true)
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	}
	point := metric.Sum().DataPoints().AppendEmpty()
	point.SetStartTimestamp(w.start)
	point.SetTimestamp(w.now)
	point.SetIntValue(int64(value))
	return point
}

func (w *metricsWriter) gauge(r resource, name, unit, description string, value int64) pmetric.NumberDataPoint {
	metric, created := w.metric(r, name, unit, description)
	if created {
		metric.SetEmptyGauge()
	}
	point := metric.Gauge().DataPoints().AppendEmpty()
	point.SetTimestamp(w.now)
	point.SetIntValue(value)
	return point
}

func (w *metricsWriter) metric(r resource, name, unit, description string) (metric pmetric.Metric, created bool) {
	if metric, ok := w.metrics[r][name]; ok {
		return metric, false
	}
	scope, ok := w.scopes[r]
	if !ok {
		rm := w.all.ResourceMetrics().AppendEmpty()
		r.write(rm.Resource().Attributes())
		scope = rm.ScopeMetrics().AppendEmpty()
		scope.Scope().SetName(scopeName)
		scope.Scope().SetVersion(w.version)
		w.scopes[r], w.metrics[r] = scope, map[string]pmetric.Metric{}
	}
	metric = scope.Metrics().AppendEmpty()
	metric.SetName(name)
	metric.SetUnit(unit)
	metric.SetDescription(description)
	w.metrics[r][name] = metric
	return metric, true
}

func compareResources(a, b resource) int {
	return cmp.Or(
		cmp.Compare(a.ServiceName, b.ServiceName), cmp.Compare(a.ServiceNamespace, b.ServiceNamespace), cmp.Compare(a.Region, b.Region))
}

func compareSources(a, b source) int {
	return cmp.Or(compareResources(a.resource, b.resource), cmp.Compare(a.Publisher, b.Publisher))
}
