package main

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// panel is one part of the chart: a bar for each competitor.
type panel struct {
	scenario string
	title    string
	better   string
	most     bool // the largest value comes first
	value    func(Result) float64
	label    func(float64) string
}

var panels = []panel{
	{"one", "One 4 KiB file, durable and visible", "less is better", false, medianValue, duration},
	{"sixteen", "16 files of 4 KiB in one transaction", "less is better", false, medianValue, duration},
	{"own", "64 goroutines, each its own 1 KiB file", "commits per second, more is better", true, rateValue, thousands},
}

// charted leaves out of the chart what only repeats a neighbour.
var charted = []string{
	"overwrite+fdatasync", "forewrite", "syncfs", "renameio", "renameio+dirsync",
	"pebble", "sqlite", "badger", "bbolt",
}

func medianValue(r Result) float64 { return float64(r.Median) }
func rateValue(r Result) float64   { return r.Rate }

func duration(v float64) string {
	if d := time.Duration(v); d < 10*time.Millisecond {
		return fmt.Sprintf("%.2f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.1f ms", v/1e6)
}

func thousands(v float64) string {
	if v < 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%d,%03d", int(v)/1000, int(v)%1000)
}

const (
	chartWidth = 760
	nameWidth  = 200
	barWidth   = 440
	rowHeight  = 22
	titleSpace = 44
)

// chartStyle follows the reader's light or dark theme.
const chartStyle = `
text { font: 13px -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.dim { fill: #656d76; font-size: 12px }
.ours { font-weight: 600 }
.bar-atomic { fill: #0969da }
.bar-files { fill: #8c959f }
.bar-values { fill: #bf8700 }
.bar-floor { fill: #d0d7de }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .dim { fill: #8d96a0 }
  .bar-atomic { fill: #4493f8 }
  .bar-files { fill: #6e7681 }
  .bar-values { fill: #d29922 }
  .bar-floor { fill: #3d444d }
}
`

var legend = []struct {
	kind Kind
	text string
}{
	{Atomic, "ordinary files, all or nothing"},
	{Files, "ordinary files, one by one"},
	{Values, "values in a store"},
	{Floor, "the disk's floor: no files"},
}

// writeChart draws the scenarios of the run that the chart has a panel for.
func writeChart(name string, machine Machine, all Results) error {
	var body strings.Builder
	y := 8
	for _, p := range panels {
		if rs := all.of(p.scenario); len(rs) > 0 {
			y = p.draw(&body, y, rs)
		}
	}
	if y == 8 {
		return fmt.Errorf("chart %s: none of its scenarios was run", name)
	}
	y = drawLegend(&body, y+14)
	text(&body, 0, y+20, "dim", "Medians on "+machine.FileSystem+", "+machine.System)
	svg := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" role="img" aria-label="Benchmark: forewrite beside its peers">
<style>%s</style>
%s</svg>
`, chartWidth, y+34, chartWidth, chartStyle, body.String())
	return os.WriteFile(name, []byte(svg), 0o644)
}

// draw puts the panel at y and returns where it ends.
func (p panel) draw(w io.Writer, y int, rs Results) int {
	rs = slices.DeleteFunc(rs, func(r Result) bool { return !slices.Contains(charted, r.Competitor) })
	slices.SortStableFunc(rs, func(a, b Result) int {
		if p.most {
			a, b = b, a
		}
		return cmp.Compare(p.value(a), p.value(b))
	})
	most := 0.0
	for _, r := range rs {
		most = max(most, p.value(r))
	}
	text(w, 0, y+18, "title", p.title)
	fmt.Fprintf(w, `<text x="%d" y="%d" class="dim" text-anchor="end">%s</text>`+"\n", chartWidth, y+18, p.better)
	y += titleSpace - 14
	for _, r := range rs {
		name := "name"
		if r.Competitor == ours {
			name = "ours"
		}
		length := max(1, int(p.value(r)/most*barWidth))
		text(w, 0, y+15, name, r.Competitor)
		fmt.Fprintf(w, `<rect x="%d" y="%d" width="%d" height="%d" rx="2" class="%s"/>`+"\n",
			nameWidth, y+3, length, rowHeight-6, barClass(r.Kind))
		text(w, nameWidth+length+6, y+15, name, p.label(p.value(r)))
		y += rowHeight
	}
	return y + 18
}

func drawLegend(w io.Writer, y int) int {
	for i, l := range legend {
		x := i * chartWidth / len(legend)
		fmt.Fprintf(w, `<rect x="%d" y="%d" width="10" height="10" rx="2" class="%s"/>`+"\n", x, y-9, barClass(l.kind))
		text(w, x+15, y, "dim", l.text)
	}
	return y
}

// barClass names the style of a kind by the first word of it.
func barClass(k Kind) string {
	word, _, _ := strings.Cut(string(k), " ")
	return "bar-" + word
}

func text(w io.Writer, x, y int, class, s string) {
	fmt.Fprintf(w, `<text x="%d" y="%d" class="%s">%s</text>`+"\n", x, y, class, html.EscapeString(s))
}
