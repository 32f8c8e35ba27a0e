package openstackauditmetricsconnector

import (
	"encoding/binary"
	"slices"
	"sort"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

// series is one set of attributes of a metric, and what was counted there since the start.
type series struct {
	// values are those of the metric's attributes, in their order; empty: the series has no such attribute.
	values   []string
	overflow bool
	// written says that the series is in what was written last, and shown that the metrics pipeline has accepted it, as zero.
	written, shown bool
	count          uint64
	sum            float64
	buckets        []uint64
}

func (s *series) add() { s.count++ }

// observe adds a value to a histogram.
func (s *series) observe(value float64, bounds []float64) {
	s.count++
	s.sum += value
	s.buckets[sort.SearchFloat64s(bounds, value)]++
}

// instrument describes a metric.
type instrument struct {
	name, description, unit string
	// attributes are the keys, those of the configured dimensions last.
	attributes []string
	// bounds are the upper bounds of a histogram's buckets; nil for a counter.
	bounds []float64
	// kept is the index of the attribute that overflow series keep, or -1.
	kept int
}

// table holds the series of one metric: at most max and, for each resource that has one of these and for each value of the kept
// attribute, an overflow series. Everything is counted in one of them, so that sums are exact also where series overflow.
type table struct {
	instrument
	max        int
	ordinary   int
	byKey      map[string]*series
	byResource map[totals.Resource][]*series
	key        []byte
	// overflowed counts what went into overflow series since it was last asked for.
	overflowed int64
}

func newTable(i instrument, maxSeries int) *table {
	return &table{instrument: i, max: maxSeries, byKey: map[string]*series{}, byResource: map[totals.Resource][]*series{}}
}

// at returns the series with the values, and whether it is new. values is not kept.
func (t *table) at(r totals.Resource, values []string) (s *series, created bool) {
	t.setKey(r, values, false)
	if s, ok := t.byKey[string(t.key)]; ok {
		return s, false
	}
	if t.ordinary >= t.max {
		return t.overflowAt(r, values), false
	}
	t.ordinary++
	return t.create(r, slices.Clone(values), false), true
}

// start creates the series with the values at zero, where there is room. It keeps values.
func (t *table) start(r totals.Resource, values []string) {
	t.setKey(r, values, false)
	if _, ok := t.byKey[string(t.key)]; !ok && t.ordinary < t.max {
		t.ordinary++
		t.create(r, values, false)
	}
}

// overflowAt returns the overflow series of the resource. Those of resources that the metric has no series of share one, so that
// made-up services are bounded too.
func (t *table) overflowAt(r totals.Resource, values []string) *series {
	t.overflowed++
	if _, known := t.byResource[r]; !known {
		r = totals.Resource{}
	}
	kept := make([]string, len(values))
	if t.kept >= 0 {
		kept[t.kept] = values[t.kept]
	}
	t.setKey(r, kept, true)
	if s, ok := t.byKey[string(t.key)]; ok {
		return s
	}
	return t.create(r, kept, true)
}

func (t *table) create(r totals.Resource, values []string, overflow bool) *series {
	s := &series{values: values, overflow: overflow}
	if t.bounds != nil {
		s.buckets = make([]uint64, len(t.bounds)+1)
	}
	t.byKey[string(t.key)] = s
	t.byResource[r] = append(t.byResource[r], s)
	return s
}

// setKey writes the key with the length of each part, so that no two series have the same.
func (t *table) setKey(r totals.Resource, values []string, overflow bool) {
	t.key = t.key[:0]
	if overflow {
		t.key = append(t.key, 1)
	} else {
		t.key = append(t.key, 0)
	}
	for _, part := range [...]string{r.ServiceName, r.ServiceNamespace, r.Region} {
		t.key = append(binary.AppendUvarint(t.key, uint64(len(part))), part...)
	}
	for _, part := range values {
		t.key = append(binary.AppendUvarint(t.key, uint64(len(part))), part...)
	}
}
