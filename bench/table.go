package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// table is a heading and rows. The first column is aligned to the left, the
// others to the right.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print(w io.Writer) {
	width := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range append([][]string{t.head}, t.rows...) {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line.WriteString(cell + pad)
			} else {
				line.WriteString("  " + pad + cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// latencyTable is for one writer: what a commit takes.
func latencyTable(rs Results) table {
	t := table{head: []string{"", "leaves", "median", "p99", "× floor", "spread", "commits"}}
	for _, r := range rs {
		t.add(r.Competitor, string(r.Kind), micros(r.Median), micros(r.P99),
			ratio(float64(r.Median), medianOf(rs, overwriteFloor.Name)), percent(r.Spread), fmt.Sprint(r.Samples))
	}
	return t
}

// rateTable is for many writers: how many commits there are in a second.
func rateTable(rs Results) table {
	t := table{head: []string{"", "leaves", "commits/s", "median", "p99", "floor's rate ÷", "spread", "commits"}}
	floor, _ := rs.find(rs[0].Scenario, "", overwriteFloor.Name)
	for _, r := range rs {
		t.add(r.Competitor, string(r.Kind), fmt.Sprintf("%.0f", r.Rate), micros(r.Median), micros(r.P99),
			ratio(floor.Rate, r.Rate), percent(r.Spread), fmt.Sprint(r.Samples))
	}
	return t
}

func sustainedTable(rs Results) table {
	t := table{head: []string{"", "leaves", "burst/s", "sustained/s", "of burst", "median", "p99", "p99 ÷ median"}}
	for _, r := range rs {
		t.add(r.Case+": "+r.Competitor, string(r.Kind), fmt.Sprintf("%.0f", r.Burst), fmt.Sprintf("%.0f", r.Rate),
			percent(r.Rate/r.Burst), micros(r.Median), micros(r.P99), ratio(float64(r.P99), float64(r.Median)))
	}
	return t
}

func openTable(rs Results) table {
	t := table{head: []string{"", "leaves", "median", "longest", "transactions redone"}}
	for _, r := range rs {
		redone := "-"
		if r.Redone > 0 {
			redone = fmt.Sprint(r.Redone)
		}
		t.add(r.Competitor, string(r.Kind), micros(r.Median), micros(r.P99), redone)
	}
	return t
}

func costTable(rs Results) table {
	t := table{head: []string{"", "leaves", "heap MiB", "allocations", "bytes allocated"}}
	for _, r := range rs {
		t.add(r.Competitor, string(r.Kind), fmt.Sprintf("%.1f", float64(r.Heap)/mib),
			fmt.Sprintf("%.0f", r.Allocs), fmt.Sprintf("%.0f", r.Bytes))
	}
	return t
}

// growthTable shows each competitor's steps below one another.
func growthTable(rs Results) table {
	t := table{head: []string{"", "", "median", "p99", "commits/s", "spread", "commits"}}
	for _, name := range growers {
		for _, r := range rs {
			if r.Competitor == name {
				t.add(name, r.Case, micros(r.Median), micros(r.P99), fmt.Sprintf("%.1f", r.Rate), percent(r.Spread), fmt.Sprint(r.Samples))
			}
		}
	}
	return t
}

func medianOf(rs Results, competitor string) float64 {
	for _, r := range rs {
		if r.Competitor == competitor {
			return float64(r.Median)
		}
	}
	return 0
}

func micros(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.0f µs", float64(d)/1e3)
}

// ratio is a/b, or a dash where there is no b.
func ratio(a, b float64) string {
	if a == 0 || b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", a/b)
}

func percent(part float64) string { return fmt.Sprintf("%.0f %%", 100*part) }
