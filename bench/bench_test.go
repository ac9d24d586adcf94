package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the scenarios start this binary as their child.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childArg {
		if err := childMain(context.Background(), os.Args[2:]); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// What a competitor was given must be there when it is opened again; otherwise its
// figures mean nothing.
func TestEveryCompetitorKeepsTheBytes(t *testing.T) {
	for _, c := range competitors() {
		t.Run(strings.ReplaceAll(c.Name, "/", "-"), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, c, dir)
			must(t, s.Put("one", payload(4<<10, 1)))
			must(t, s.PutAll(fileSet(0, 3, 1<<10, 10)))
			if s.Modify != nil {
				must(t, s.Modify("one", bytes.ToUpper))
			}
			must(t, s.Put("f00002", payload(2<<10, 99)))
			must(t, s.Close())

			if c.Kind == Floor {
				floorHolds(t, dir, payload(4<<10, 1), payload(3, 10), payload(2<<10, 99))
				return
			}
			s = open(t, c, dir)
			defer s.Close()
			holds(t, s, "one", bytes.ToUpper(payload(4<<10, 1)))
			holds(t, s, "f00000", payload(1<<10, 10))
			holds(t, s, "f00001", payload(1<<10, 11))
			holds(t, s, "f00002", payload(2<<10, 99))
		})
	}
}

func open(t *testing.T, c Competitor, dir string) *Store {
	t.Helper()
	s, err := c.Open(dir)
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, s *Store, name string, want []byte) {
	t.Helper()
	if have, err := s.Get(name); err != nil || !bytes.Equal(have, want) {
		t.Errorf("%s: %d bytes that differ from the %d written (error %v)", name, len(have), len(want), err)
	}
}

func floorHolds(t *testing.T, dir string, all ...[]byte) {
	t.Helper()
	have, err := os.ReadFile(filepath.Join(dir, "floor"))
	must(t, err)
	for i, want := range all {
		if !bytes.Contains(have, want) {
			t.Errorf("write %d is not in the file", i)
		}
	}
}

// Every scenario runs once, very shortly, with the competitors that it is about.
func TestEveryScenarioGivesFigures(t *testing.T) {
	cs, err := choose("overwrite+fdatasync,forewrite,renameio+dirsync,sqlite")
	must(t, err)
	for _, s := range scenarios() {
		if s.Name == "sustained" || s.Name == "sizes" || s.Name == "files" {
			continue // even the shortest run of these takes many seconds
		}
		t.Run(s.Name, func(t *testing.T) {
			b := &Bench{
				Dir: t.TempDir(), Competitors: lazy(cs), Rounds: 1, Passes: 1,
				Slice: 2 * time.Millisecond, Progress: io.Discard,
			}
			rs, err := s.Run(t.Context(), b)
			must(t, err)
			if len(rs) == 0 {
				t.Fatal("no figures")
			}
			for _, r := range rs {
				if r.Scenario != s.Name || (r.Samples == 0 && r.Allocs == 0) {
					t.Errorf("not a figure of %s: %+v", s.Name, r)
				}
			}
			var out strings.Builder
			table := s.Table(rs)
			table.print(&out)
			if !strings.Contains(out.String(), rs[0].Competitor) {
				t.Errorf("the table doesn't name %s:\n%s", rs[0].Competitor, out.String())
			}
			if left, _ := os.ReadDir(b.Dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// lazy takes away the long warm-up.
func lazy(cs []Competitor) []Competitor {
	cs = slices.Clone(cs)
	for i := range cs {
		cs[i].Warm = 0
	}
	return cs
}

func TestAFailingCommitEndsTheContestAndCleansUp(t *testing.T) {
	full := errors.New("disk full")
	failing := Competitor{Name: "failing", Open: func(string) (*Store, error) {
		return &Store{
			PutAll: func([]File) error { return nil },
			Put:    func(string, []byte) error { return full },
			Close:  func() error { return nil },
		}, nil
	}}
	b := &Bench{Dir: t.TempDir(), Competitors: []Competitor{plainByHand, failing}, Rounds: 1, Slice: time.Millisecond, Progress: io.Discard}
	if _, err := ownFiles.Run(t.Context(), b); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(b.Dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestALostUpdateIsNoticed(t *testing.T) {
	kept := payload(1<<10, 1)
	forgetful := &Store{Modify: func(_ string, change func([]byte) []byte) error {
		change(kept)
		return nil
	}}
	must(t, countUp(forgetful, "f", 0))
	if err := countUp(forgetful, "f", 1); err == nil {
		t.Error("not noticed")
	}
}

func TestSummarizeTakesTheMedianOfRoundsAndThePercentileOfSamples(t *testing.T) {
	ms := time.Millisecond
	r := summarize([]slice{
		{time.Second, []time.Duration{1 * ms, 2 * ms, 30 * ms}},
		{time.Second, []time.Duration{4 * ms, 4 * ms, 4 * ms, 4 * ms}},
		{2 * time.Second, []time.Duration{3 * ms, 3 * ms}},
	})
	if r.Median != 3*ms || r.P99 != 30*ms || r.Rate != 3 || r.Samples != 9 {
		t.Errorf("got %+v", r)
	}
	if want := 2.0 / 3; r.Spread < want-0.01 || r.Spread > want+0.01 {
		t.Errorf("spread %v, want %v", r.Spread, want)
	}
}

func TestBenchfmtHasALineForEachRound(t *testing.T) {
	ms := time.Millisecond
	two := summarize([]slice{
		{2 * ms, []time.Duration{1 * ms, 1 * ms}},
		{4 * ms, []time.Duration{4 * ms}},
	})
	one, sizes := two, two
	one.Scenario, one.Competitor = "one", "natefinch/atomic"
	sizes.Scenario, sizes.Case, sizes.Competitor = "crash-open", "1 writer, 4 KiB", ours
	memory := middle(Results{{Scenario: "cost", Competitor: ours, Allocs: 31.4, Bytes: 2048, Heap: 16 << 20}})

	name := filepath.Join(t.TempDir(), "new.txt")
	must(t, writeBenchfmt(name, Machine{CPU: "a processor"}, Results{one, sizes, memory}))
	have, err := os.ReadFile(name)
	must(t, err)
	want := "goos: " + runtime.GOOS + "\ngoarch: " + runtime.GOARCH + `
pkg: github.com/forewrite/forewrite/bench
cpu: a processor
BenchmarkOne/natefinch-atomic	2	1000000 ns/op	1000000 p99-ns/op	1000.0 commits/s
BenchmarkOne/natefinch-atomic	1	4000000 ns/op	4000000 p99-ns/op	250.0 commits/s
BenchmarkCrashOpen/1_writer_4_KiB/forewrite	2	1000000 ns/op	1000000 p99-ns/op	1000.0 commits/s
BenchmarkCrashOpen/1_writer_4_KiB/forewrite	1	4000000 ns/op	4000000 p99-ns/op	250.0 commits/s
BenchmarkCost/forewrite	1000	16777216 heap-B	2048 B/op	31.4 allocs/op
`
	if string(have) != want {
		t.Errorf("have:\n%s\nwant:\n%s", have, want)
	}
	if err := writeBenchfmt(t.TempDir(), Machine{}, nil); err == nil {
		t.Error("a directory was written to")
	}
}

func TestTargetsSayMetAndNotMet(t *testing.T) {
	rs := Results{
		{Scenario: "one", Competitor: ours, Median: 200},
		{Scenario: "one", Competitor: overwriteFloor.Name, Median: 100},
		{Scenario: "one", Competitor: bboltStore.Name, Median: 300},
		{Scenario: "own", Competitor: ours, Rate: 60},
		{Scenario: "own", Competitor: renameioDir.Name, Rate: 10},
		{Scenario: "files", Case: "1", Competitor: ours, Median: 100},
		{Scenario: "files", Case: "2", Competitor: ours, Median: 500},
	}
	var out strings.Builder
	printTargets(&out, targets(rs))
	for _, want := range []string{
		"overwrite \\+ fdatasync +2.00 × +at most +1.6 × +NOT MET",
		"bbolt storing the value +0.67 × +at most +1 × +met",
		"renameio\\+dirsync +6.00 × +at least +5 × +met",
		"worst step \\(to 2\\) +2.50 × +at most +1.2 × +NOT MET",
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("no line like %q in\n%s", want, out.String())
		}
	}
}

func TestChartIsWellFormed(t *testing.T) {
	name := filepath.Join(t.TempDir(), "chart.svg")
	rs := Results{
		{Scenario: "one", Competitor: ours, Kind: Atomic, Median: 300 * time.Microsecond},
		{Scenario: "one", Competitor: "renameio", Kind: Files, Median: 3 * time.Millisecond},
	}
	must(t, writeChart(name, Machine{FileSystem: "a<b"}, rs))
	svg, err := os.ReadFile(name)
	must(t, err)
	dec := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := dec.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"forewrite", "0.30 ms", "3.00 ms", "bar-atomic", "prefers-color-scheme: dark"} {
		if !bytes.Contains(svg, []byte(want)) {
			t.Errorf("the chart doesn't hold %q", want)
		}
	}
	if err := writeChart(name, Machine{}, nil); err == nil {
		t.Error("a chart of nothing was drawn")
	}
}

func TestWrongFlagsAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"-scenario", "two"}, {"-only", "nobody"}, {"-rounds", "0"}, {"stray"},
	} {
		if _, err := parseFlags(args); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}
