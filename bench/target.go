package main

import (
	"fmt"
	"io"
	"slices"
)

// target is a figure that forewrite shall reach on journaled ext4.
type target struct {
	What   string  `json:"what"`
	Unit   string  `json:"unit"`
	Figure float64 `json:"figure"`
	Limit  float64 `json:"limit"`
	Least  bool    `json:"least"` // the figure shall be at least the limit, not at most
}

func (t target) met() bool {
	if t.Least {
		return t.Figure >= t.Limit
	}
	return t.Figure <= t.Limit
}

const ours = "forewrite"

// targets returns those for which the run has the figures.
func targets(rs Results) []target {
	return slices.Concat(
		latencyTargets(rs), rateTargets(rs), sustainedTargets(rs),
		openTargets(rs), costTargets(rs), growthTargets(rs),
	)
}

// times compares our median with the factor-fold of a competitor's.
func (rs Results) times(scenario, peer string, factor, limit float64, what string) []target {
	us, ok1 := rs.find(scenario, "", ours)
	them, ok2 := rs.find(scenario, "", peer)
	if !ok1 || !ok2 {
		return nil
	}
	return []target{{What: what, Unit: "×", Figure: float64(us.Median) / (factor * float64(them.Median)), Limit: limit}}
}

func latencyTargets(rs Results) []target {
	return slices.Concat(
		rs.times("one", overwriteFloor.Name, 1, 1.6, "one 4 KiB file: of overwrite + fdatasync"),
		rs.times("one", renameioFile.Name, 1, 0.6, "one 4 KiB file: of renameio without directory fsync"),
		rs.times("one", renameioDir.Name, 1, 0.4, "one 4 KiB file: of renameio with directory fsync"),
		rs.times("one", bboltStore.Name, 1, 1, "one 4 KiB file: of bbolt storing the value"),
		rs.times("one", pebbleStore.Name, 1, 1.3, "one 4 KiB file: of Pebble storing the value"),
		rs.times("one", sqliteStore.Name, 1, 1.3, "one 4 KiB file: of SQLite storing the value"),
		sixteenOfOne(rs),
		rs.times("sixteen", "syncfs", 1, 0.6, "16 files: of write all, one syncfs, rename all, directory fsync"),
	)
}

// sixteenOfOne compares a transaction of sixteen files with sixteen commits of one.
func sixteenOfOne(rs Results) []target {
	us, ok1 := rs.find("sixteen", "", ours)
	them, ok2 := rs.find("one", "", renameioDir.Name)
	if !ok1 || !ok2 {
		return nil
	}
	return []target{{
		What: "16 files: of 16 × (renameio + directory fsync)", Unit: "×",
		Figure: float64(us.Median) / (16 * float64(them.Median)), Limit: 0.1,
	}}
}

func rateTargets(rs Results) (ts []target) {
	us, ok := rs.find("own", "", ours)
	if !ok {
		return nil
	}
	for _, peer := range []struct {
		name  string
		limit float64
	}{{renameioDir.Name, 5}, {sqliteStore.Name, 1}, {badgerStore.Name, 1}, {bboltStore.Name, 1}} {
		if them, ok := rs.find("own", "", peer.name); ok {
			ts = append(ts, target{"64 goroutines, commits/s: of " + peer.name, "×", us.Rate / them.Rate, peer.limit, true})
		}
	}
	if modify, ok := rs.find("modify", "", ours); ok {
		ts = append(ts, target{"64 goroutines, read-modify-write: of blind writes", "×", modify.Rate / us.Rate, 0.5, true})
	}
	return ts
}

func sustainedTargets(rs Results) (ts []target) {
	for _, r := range rs.of("sustained") {
		if r.Competitor == ours {
			ts = append(ts,
				target{"sustained, " + r.Case + ": of the burst's commits/s", "×", r.Rate / r.Burst, 0.7, true},
				target{"sustained, " + r.Case + ": p99 in medians", "×", float64(r.P99) / float64(r.Median), 10, false})
		}
	}
	return ts
}

func openTargets(rs Results) (ts []target) {
	if r, ok := rs.find("crash-open", "", ours); ok {
		ts = append(ts, target{"Open after a crash, 10,000 transactions, 1,000 files", "ms", float64(r.Median) / 1e6, 150, false},
			target{"  transactions that this Open did again", "", float64(r.Redone), openFiles * openPasses, true})
	}
	if r, ok := rs.find("clean-open", "", ours); ok {
		ts = append(ts, target{"Open after a clean Close", "ms", float64(r.Median) / 1e6, 5, false})
	}
	return ts
}

func costTargets(rs Results) []target {
	r, ok := rs.find("cost", "", ours)
	if !ok {
		return nil
	}
	return []target{
		{"heap at steady load", "MiB", float64(r.Heap) / mib, 24, false},
		{"allocations of a one-file commit", "", r.Allocs, 40, false},
	}
}

// growthTargets look for a step at which the cost grows by more than the work.
func growthTargets(rs Results) (ts []target) {
	for _, g := range []struct {
		scenario string
		steps    []int
		row      func(int) string
	}{
		{"files", filesSteps, func(n int) string { return fmt.Sprint(n) }},
		{"sizes", sizesSteps, byteCount},
		{"writers", writersSteps, func(n int) string { return fmt.Sprint(n) }},
	} {
		worst, at := 0.0, ""
		for i := 1; i < len(g.steps); i++ {
			a, ok1 := rs.find(g.scenario, g.row(g.steps[i-1]), ours)
			b, ok2 := rs.find(g.scenario, g.row(g.steps[i]), ours)
			if !ok1 || !ok2 {
				continue
			}
			work := float64(g.steps[i]) / float64(g.steps[i-1])
			if f := float64(b.Median) / float64(a.Median) / work; f > worst {
				worst, at = f, g.row(g.steps[i])
			}
		}
		if at != "" {
			ts = append(ts, target{
				fmt.Sprintf("growth, %s: cost over work at the worst step (to %s)", g.scenario, at), "×", worst, 1.2, false})
		}
	}
	return ts
}

func printTargets(w io.Writer, ts []target) {
	t := table{head: []string{"target", "measured", "wanted", ""}}
	for _, target := range ts {
		sign, verdict := "at most", "met"
		if target.Least {
			sign = "at least"
		}
		if !target.met() {
			verdict = "NOT MET"
		}
		t.add(target.What, fmt.Sprintf("%.2f %s", target.Figure, target.Unit),
			fmt.Sprintf("%s %.4g %s", sign, target.Limit, target.Unit), verdict)
	}
	t.print(w)
}
