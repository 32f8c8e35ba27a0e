package openstackauditcompletenessconnector

import (
	"cmp"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

const (
	nameRecords   = "openstack.audit.publisher.records"
	nameLastEvent = "openstack.audit.publisher.last_event_time"
	nameRepeats   = "openstack.audit.publisher.repeats"
	nameGaps      = "openstack.audit.gaps"
	nameGapsOpen  = "openstack.audit.gaps.open"

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
		all: pmetric.NewMetrics(), scopes: map[totals.Resource]pmetric.ScopeMetrics{}, metrics: map[totals.Resource]map[string]pmetric.Metric{},
		version: version, start: pcommon.NewTimestampFromTime(t.started), now: now,
	}
	for _, s := range slices.SortedFunc(maps.Keys(t.publishers.known), compareSources) {
		p := t.publishers.known[s]
		w.publisher(s.Resource, p, func(point pmetric.NumberDataPoint) { point.Attributes().PutStr(audit.AttrPublisher, s.Publisher) })
		w.gauge(s.Resource, nameLastEvent, "s", "When the newest event of the publisher was sent.", p.Heard.Event.Unix()).
			Attributes().PutStr(audit.AttrPublisher, s.Publisher)
	}
	if others := &t.publishers.others; others.records+others.redelivered > 0 {
		w.publisher(totals.Resource{}, others, func(point pmetric.NumberDataPoint) { point.Attributes().PutBool(totals.AttrOverflow, true) })
	}
	silent, overdue := t.publishers.silentNow(), t.canaries.overdue()
	for _, r := range slices.SortedFunc(maps.Keys(t.gaps), totals.Resource.Compare) {
		for i, k := range kinds {
			w.sum(r, nameGaps, "{gap}", "What did not come: silences, responses, numbers and logins of the collector.", t.gaps[r][i]).
				Attributes().PutStr(audit.AttrGapKind, string(k))
		}
		w.open(r, kindSilence, silent[r])
		w.open(r, kindCanary, overdue[r])
	}
	return w.all
}

// metricsWriter writes metrics, each once for a totals.Resource.
type metricsWriter struct {
	all        pmetric.Metrics
	scopes     map[totals.Resource]pmetric.ScopeMetrics
	metrics    map[totals.Resource]map[string]pmetric.Metric
	version    string
	start, now pcommon.Timestamp
}

func (w *metricsWriter) publisher(r totals.Resource, p *publisher, mark func(pmetric.NumberDataPoint)) {
	mark(w.sum(r, nameRecords, "{record}", "Records of the publisher, each once.", p.records))
	for cause, count := range map[string]uint64{causeRedelivered: p.redelivered, causeSentAgain: p.sentAgain} {
		point := w.sum(r, nameRepeats, "{record}", "Records that came again: the same message, or the same event in another message.", count)
		mark(point)
		point.Attributes().PutStr(attrRepeatCause, cause)
	}
}

func (w *metricsWriter) open(r totals.Resource, k kind, count uint64) {
	w.gauge(r, nameGapsOpen, "{gap}", "Silences that last, and logins of the collector that have not come back since.", int64(count)).
		Attributes().PutStr(audit.AttrGapKind, string(k))
}

func (w *metricsWriter) sum(r totals.Resource, name, unit, description string, value uint64) pmetric.NumberDataPoint {
	metric, created := w.metric(r, name, unit, description)
	if created {
		totals.SetCounter(metric)
	}
	point := metric.Sum().DataPoints().AppendEmpty()
	point.SetStartTimestamp(w.start)
	point.SetTimestamp(w.now)
	point.SetIntValue(int64(value))
	return point
}

func (w *metricsWriter) gauge(r totals.Resource, name, unit, description string, value int64) pmetric.NumberDataPoint {
	metric, created := w.metric(r, name, unit, description)
	if created {
		metric.SetEmptyGauge()
	}
	point := metric.Gauge().DataPoints().AppendEmpty()
	point.SetTimestamp(w.now)
	point.SetIntValue(value)
	return point
}

func (w *metricsWriter) metric(r totals.Resource, name, unit, description string) (metric pmetric.Metric, created bool) {
	if metric, ok := w.metrics[r][name]; ok {
		return metric, false
	}
	scope, ok := w.scopes[r]
	if !ok {
		scope = r.AppendScope(w.all, scopeName, w.version)
		w.scopes[r], w.metrics[r] = scope, map[string]pmetric.Metric{}
	}
	metric = scope.Metrics().AppendEmpty()
	metric.SetName(name)
	metric.SetUnit(unit)
	metric.SetDescription(description)
	w.metrics[r][name] = metric
	return metric, true
}

func compareSources(a, b source) int {
	return cmp.Or(a.Resource.Compare(b.Resource), cmp.Compare(a.Publisher, b.Publisher))
}
