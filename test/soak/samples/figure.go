package samples

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// line is a curve of a panel.
type line struct {
	name, color string
	of          func(Sample) float64
}

// panel is one diagram of the figure, over the records.
type panel struct {
	title string
	lines []line
}

const (
	blue, orange, green, grey = "#1f6fb4", "#d9660a", "#2e8b57", "#777777"

	panelWidth, panelHeight = 760, 110
	left, top, gap          = 70, 28, 46
)

func panels() []panel {
	return []panel{
		{"memory, MiB", []line{
			{"resident", orange, func(s Sample) float64 { return s.RSSMiB }},
			{"live heap after a collection", blue, func(s Sample) float64 { return s.HeapMiB }},
		}},
		{"goroutines, open descriptors", []line{
			{"goroutines", blue, func(s Sample) float64 { return s.Goroutines }},
			{"descriptors", orange, func(s Sample) float64 { return s.Descriptors }},
		}},
		{"files, MiB", []line{
			{"sending queue", blue, func(s Sample) float64 { return s.QueueMiB }},
			{"names", green, func(s Sample) float64 { return s.NamesMiB }},
			{"others but the evidence log", grey, func(s Sample) float64 { return s.OtherMiB }},
		}},
		{"evidence log, bytes a record", []line{
			{"whole log ÷ all records", blue, func(s Sample) float64 { return s.EvidenceMiB * (1 << 20) / max(s.Records, 1) }},
		}},
		{"metric series", []line{{"series", blue, func(s Sample) float64 { return s.Series }}}},
	}
}

// Figure draws the samples as SVG.
func Figure(out io.Writer, all []Sample) error {
	if len(all) < 2 {
		return fmt.Errorf("%d samples are no curve", len(all))
	}
	panels := panels()
	width, height := left+panelWidth+20, top+len(panels)*(panelHeight+gap)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	for i, p := range panels {
		p.draw(&b, all, top+i*(panelHeight+gap))
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(out, b.String())
	return err
}

func (p panel) draw(b *strings.Builder, all []Sample, y int) {
	last := all[len(all)-1].Records
	most := 0.0
	for _, l := range p.lines {
		for _, s := range all {
			most = max(most, l.of(s))
		}
	}
	most = niceCeiling(most)
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", left, y-8, p.title)
	for n := range 3 {
		value := most * float64(n) / 2
		at := float64(y+panelHeight) - float64(panelHeight)*float64(n)/2
		fmt.Fprintf(b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#dddddd"/>`, left, left+panelWidth, at, at)
		fmt.Fprintf(b, `<text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n", left-6, at+4, value)
	}
	for n := range 5 {
		at := left + panelWidth*n/4
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle" fill="%s">%.3g M</text>`+"\n", at, y+panelHeight+16, grey, last*float64(n)/4/1e6)
	}
	for i, l := range p.lines {
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end" fill="%s">%s</text>`+"\n", left+panelWidth-190*i, y-8, l.color, l.name)
		fmt.Fprintf(b, `<polyline fill="none" stroke="%s" points="`, l.color)
		for _, s := range all {
			fmt.Fprintf(b, "%.1f,%.1f ", left+panelWidth*s.Records/max(last, 1), float64(y+panelHeight)-panelHeight*l.of(s)/most)
		}
		b.WriteString(`"/>` + "\n")
	}
}

// niceCeiling is the next of 1, 2, 5, 10, 20, … that is not below.
func niceCeiling(value float64) float64 {
	if value <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(value)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if value <= factor*power {
			return factor * power
		}
	}
	return value
}
