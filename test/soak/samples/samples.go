// Package samples has what a soak wrote down about the collector while it ran: it writes and reads the CSV, says whether the state was
// steady, and draws it.
package samples

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// Sample is the collector at a moment.
type Sample struct {
	// Seconds since the first notification was published.
	Seconds float64
	// Records that the sink has, each once; Repeats are those that came again.
	Records, Repeats float64
	// CPUSeconds of the collector since it started.
	CPUSeconds float64
	// RSSMiB is resident memory, HeapMiB what is alive after a collection.
	RSSMiB, HeapMiB float64
	Goroutines      float64
	// Descriptors are open files and connections.
	Descriptors float64
	// QueueMiB and NamesMiB are the files of the sending queue and of the names, EvidenceMiB the evidence log, OtherMiB what else is in the
	// state directory.
	QueueMiB, NamesMiB, EvidenceMiB, OtherMiB float64
	// Series of the metrics that the collector counts.
	Series float64
	// Faults so far.
	Faults float64
}

// column is a column of the CSV.
type column struct {
	name     string
	decimals int
	value    func(*Sample) *float64
}

func columns() []column {
	return []column{
		{"seconds", 0, func(s *Sample) *float64 { return &s.Seconds }},
		{"records", 0, func(s *Sample) *float64 { return &s.Records }},
		{"repeats", 0, func(s *Sample) *float64 { return &s.Repeats }},
		{"cpu_seconds", 2, func(s *Sample) *float64 { return &s.CPUSeconds }},
		{"rss_mib", 1, func(s *Sample) *float64 { return &s.RSSMiB }},
		{"heap_mib", 2, func(s *Sample) *float64 { return &s.HeapMiB }},
		{"goroutines", 0, func(s *Sample) *float64 { return &s.Goroutines }},
		{"descriptors", 0, func(s *Sample) *float64 { return &s.Descriptors }},
		{"queue_mib", 2, func(s *Sample) *float64 { return &s.QueueMiB }},
		{"names_mib", 2, func(s *Sample) *float64 { return &s.NamesMiB }},
		{"evidence_mib", 3, func(s *Sample) *float64 { return &s.EvidenceMiB }},
		{"other_mib", 2, func(s *Sample) *float64 { return &s.OtherMiB }},
		{"series", 0, func(s *Sample) *float64 { return &s.Series }},
		{"faults", 0, func(s *Sample) *float64 { return &s.Faults }},
	}
}

// Writer writes samples as CSV, each at once: what an interrupted run wrote can be read.
type Writer struct{ rows *csv.Writer }

// NewWriter writes the names of the columns.
func NewWriter(out io.Writer) (*Writer, error) {
	w := &Writer{rows: csv.NewWriter(out)}
	var row []string
	for _, c := range columns() {
		row = append(row, c.name)
	}
	return w, w.write(row)
}

// Write writes one sample.
func (w *Writer) Write(s Sample) error {
	var row []string
	for _, c := range columns() {
		row = append(row, strconv.FormatFloat(*c.value(&s), 'f', c.decimals, 64))
	}
	return w.write(row)
}

func (w *Writer) write(row []string) error {
	if err := w.rows.Write(row); err != nil {
		return err
	}
	w.rows.Flush()
	return w.rows.Error()
}

// Read reads what a Writer wrote.
func Read(in io.Reader) ([]Sample, error) {
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	var read []Sample
	for i, row := range rows {
		var s Sample
		for j, c := range columns() {
			if i == 0 {
				if row[j] != c.name {
					return nil, fmt.Errorf("column %d is %q, not %q", j+1, row[j], c.name)
				}
				continue
			}
			if *c.value(&s), err = strconv.ParseFloat(row[j], 64); err != nil {
				return nil, fmt.Errorf("line %d, %s: %w", i+1, c.name, err)
			}
		}
		if i > 0 {
			read = append(read, s)
		}
	}
	return read, nil
}
