package samples

import (
	"fmt"
	"io"
	"strings"
)

// Table writes in Markdown what was run, and how the last quarter compares with the second.
func Table(out io.Writer, all []Sample) error {
	rows, steady, err := Steady(all)
	if err != nil {
		return err
	}
	last := all[len(all)-1]
	var b strings.Builder
	fmt.Fprintf(&b, "%.1f million records in %.0f minutes: %.0f a second, %.0f µs of the collector's CPU each. %.0f faults, %.0f records "+
		"twice.\n\n", last.Records/1e6, last.Seconds/60, last.Records/last.Seconds, 1e6*last.CPUSeconds/last.Records, last.Faults, last.Repeats)
	b.WriteString("| | second quarter | last quarter | at most | |\n| --- | --- | --- | --- | --- |\n")
	for _, row := range rows {
		verdict := "steady"
		if !row.Steady {
			verdict = "**grew**"
		}
		unit := ""
		if row.Unit != "" {
			unit = ", " + row.Unit
		}
		fmt.Fprintf(&b, "| %s%s | %.4g | %.4g | %.4g | %s |\n", row.Name, unit, row.Second, row.Last, row.Limit, verdict)
	}
	if steady {
		b.WriteString("\nNothing grew.\n")
	}
	_, err = io.WriteString(out, b.String())
	return err
}
