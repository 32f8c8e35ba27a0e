package samples

import (
	"fmt"
	"math"
	"slices"
)

// Row compares the second quarter of a run with its last. The first is the time to warm up: caches and tables fill.
type Row struct {
	Name, Unit   string
	Second, Last float64
	// Limit is what Last may be at most. Steady reports whether it is.
	Limit  float64
	Steady bool
}

// quantity is what has to stay as it is.
type quantity struct {
	name, unit string
	of         func(quarter []Sample) float64
	// factor and slack say how much more the last quarter may have. Two goroutines or descriptors are a connection that is there or not; of
	// descriptors the least is looked at, since the evidence log opens some dozens of files at moments.
	factor, slack float64
}

func quantities() []quantity {
	return []quantity{
		{"live heap, median", "MiB", medianOf(func(s Sample) float64 { return s.HeapMiB }), 1.1, 1},
		{"resident memory, median", "MiB", medianOf(func(s Sample) float64 { return s.RSSMiB }), 1.1, 5},
		{"goroutines, median", "", medianOf(func(s Sample) float64 { return s.Goroutines }), 1, 2},
		{"open descriptors, least", "", leastOf(func(s Sample) float64 { return s.Descriptors }), 1, 2},
		{"sending queue's file, most", "MiB", mostOf(func(s Sample) float64 { return s.QueueMiB }), 1.1, 1},
		{"names' file, most", "MiB", mostOf(func(s Sample) float64 { return s.NamesMiB }), 1.1, 1},
		{"other files, most", "MiB", mostOf(func(s Sample) float64 { return s.OtherMiB }), 1.1, 1},
		{"metric series, most", "", mostOf(func(s Sample) float64 { return s.Series }), 1.01, 0},
		{"evidence log, a record", "B", evidenceARecord, 1.05, 0},
	}
}

// minSamples is how many samples a quarter needs for its median to say something.
const minSamples = 5

// Steady compares the second quarter of the records with the last. ok says that nothing grew.
func Steady(all []Sample) (rows []Row, ok bool, err error) {
	second, last := quarter(all, 1), quarter(all, 3)
	if len(second) < minSamples || len(last) < minSamples {
		return nil, false, fmt.Errorf("%d samples are too few: each quarter needs %d", len(all), minSamples)
	}
	ok = true
	for _, q := range quantities() {
		row := Row{Name: q.name, Unit: q.unit, Second: q.of(second), Last: q.of(last)}
		row.Limit = row.Second*q.factor + q.slack
		row.Steady = row.Last <= row.Limit
		ok = ok && row.Steady
		rows = append(rows, row)
	}
	return rows, ok, nil
}

// quarter n of the records, from 0.
func quarter(all []Sample, n float64) []Sample {
	if len(all) == 0 {
		return nil
	}
	total := all[len(all)-1].Records
	return slices.DeleteFunc(slices.Clone(all), func(s Sample) bool {
		return s.Records < total*n/4 || s.Records > total*(n+1)/4
	})
}

func medianOf(value func(Sample) float64) func([]Sample) float64 {
	return func(quarter []Sample) float64 {
		values := make([]float64, len(quarter))
		for i, s := range quarter {
			values[i] = value(s)
		}
		slices.Sort(values)
		return values[(len(values)-1)/2]
	}
}

func leastOf(value func(Sample) float64) func([]Sample) float64 {
	return func(quarter []Sample) float64 {
		least := math.Inf(1)
		for _, s := range quarter {
			least = min(least, value(s))
		}
		return least
	}
}

func mostOf(value func(Sample) float64) func([]Sample) float64 {
	return func(quarter []Sample) float64 {
		most := 0.0
		for _, s := range quarter {
			most = max(most, value(s))
		}
		return most
	}
}

func evidenceARecord(quarter []Sample) float64 {
	first, last := quarter[0], quarter[len(quarter)-1]
	return (last.EvidenceMiB - first.EvidenceMiB) * (1 << 20) / max(last.Records-first.Records, 1)
}
