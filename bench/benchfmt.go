package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// writeBenchfmt writes the format of go test -bench to a file, for benchstat: one
// line a round, so that benchstat can tell a difference from noise. The file system
// is left out of the heading, since benchstat compares only what has equal headings
// and a loop device gets another number each time.
func writeBenchfmt(name string, m Machine, rs Results) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	w := bufio.NewWriter(file)
	fmt.Fprintf(w, "goos: %s\ngoarch: %s\npkg: github.com/forewrite/forewrite/bench\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, m.CPU)
	for _, r := range rs {
		for _, round := range r.Rounds {
			fmt.Fprintf(w, "%s\t%s\n", r.benchmark(), round.measurements())
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return file.Close()
}

// benchmark is the result's name as a benchmark: BenchmarkScenario/case/competitor.
func (r Result) benchmark() string {
	var name strings.Builder
	name.WriteString("Benchmark")
	for word := range strings.SplitSeq(r.Scenario, "-") {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	part := strings.NewReplacer(", ", "_", " ", "_", "/", "-")
	if r.Case != "" {
		name.WriteString("/" + part.Replace(r.Case))
	}
	return name.String() + "/" + part.Replace(r.Competitor)
}

// measurements are the number of commits and then values with their units.
func (r Round) measurements() string {
	if r.Median == 0 {
		return fmt.Sprintf("%d\t%.0f heap-B\t%.0f B/op\t%.1f allocs/op", r.Commits, float64(r.Heap), r.Bytes, r.Allocs)
	}
	return fmt.Sprintf("%d\t%d ns/op\t%d p99-ns/op\t%.1f commits/s", r.Commits, r.Median.Nanoseconds(), r.P99.Nanoseconds(), r.Rate)
}
