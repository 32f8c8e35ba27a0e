package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// table is printed as Markdown, with its columns aligned.
type table struct {
	title string
	rows  [][]string
}

func newTable(title string, columns ...string) *table {
	rule := make([]string, len(columns))
	for i := range rule {
		rule[i] = "---"
	}
	return &table{title: title, rows: [][]string{columns, rule}}
}

// row adds a row of texts, and of numbers that each follow their format.
func (t *table) row(cells ...any) {
	var row []string
	for i := 0; i < len(cells); i++ {
		text := cells[i].(string)
		if strings.Contains(text, "%") && i+1 < len(cells) {
			i++
			text = fmt.Sprintf(text, cells[i])
		}
		row = append(row, text)
	}
	t.rows = append(t.rows, row)
}

func (t *table) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s\n\n", t.title)
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	for _, row := range t.rows {
		fmt.Fprintf(w, "| %s\t|\n", strings.Join(row, "\t| "))
	}
	_ = w.Flush() // a report that cannot be written is seen
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	values = slices.Sorted(slices.Values(values))
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

func each[T any](items []T, of func(T) float64) []float64 {
	values := make([]float64, len(items))
	for i, item := range items {
		values[i] = of(item)
	}
	return values
}

func describeMachine(out io.Writer) {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
			}
		}
	}
	fmt.Fprintf(out, "%s, %d CPUs (%s), %s\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), model, runtime.Version())
	describeLoad(out)
}

// describeLoad prints what else the machine does: above 1 before the start, trust CPU time and ratios only.
func describeLoad(out io.Writer) {
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Fprintf(out, "load: %s\n", strings.Join(strings.Fields(string(text))[:3], " "))
	}
}
