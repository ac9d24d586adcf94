// Bench runs forewrite and other ways to make bytes durable on the same work, in
// random order over several rounds, and prints what they take.
//
//	go run .                          everything, in the temp directory
//	go run . -fs ext4                 on a fresh ext4 in a loop image (root only)
//	go run . -scenario one,sixteen    some of it; -help lists the scenarios
//	go run . -targets                 the figures that forewrite is to reach
//	go run . -benchfmt new.txt        each round as a line for benchstat
//
// It runs on Linux and other Unix systems.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := start(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "\r\x1b[Kbench: %v\n", err)
		os.Exit(1)
	}
}

// start tells the program's own children from what a user started.
func start(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == childArg {
		return childMain(ctx, args[1:])
	}
	mounted := len(args) > 0 && args[0] == mountedArg
	if mounted {
		args = args[1:]
	}
	f, err := parseFlags(args)
	if err != nil {
		return err
	}
	switch {
	case f.fs == "":
		return inDir(f.dir, func(dir string) error { return bench(ctx, f, dir) })
	case mounted:
		return inDir(f.dir, func(dir string) error {
			return onLoop(ctx, f.fs, dir, func(mount string) error { return bench(ctx, f, mount) })
		})
	default:
		return inOwnMounts(ctx, f.fs, args)
	}
}

type flags struct {
	scenarios, only string
	rounds          int
	slice, sustain  time.Duration
	fs, dir         string
	json, targets   bool
	chart, benchfmt string
	cpu             string
}

func parseFlags(args []string) (f flags, err error) {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.StringVar(&f.scenarios, "scenario", "all", "comma-separated `names` of "+scenarioList())
	set.StringVar(&f.only, "only", "", "comma-separated `names` of the competitors; default all of "+nameList(competitors()))
	set.IntVar(&f.rounds, "rounds", 5, "how often each competitor is measured")
	set.DurationVar(&f.slice, "duration", 500*time.Millisecond, "of each competitor's part of a round")
	set.DurationVar(&f.sustain, "sustain", time.Minute, "of the long run in the sustained scenario")
	set.StringVar(&f.fs, "fs", "", "make a fresh file system of this `kind` (ext4, xfs, btrfs) in a loop image and run there; needs root")
	set.StringVar(&f.dir, "dir", "", "`directory` in which to make temporary ones; default the system's")
	set.BoolVar(&f.json, "json", false, "print JSON, times in nanoseconds")
	set.BoolVar(&f.targets, "targets", false, "print each target with what was measured")
	set.StringVar(&f.chart, "chart", "", "write an SVG chart to this `file`")
	set.StringVar(&f.benchfmt, "benchfmt", "", "write each round to this `file` as a line that benchstat reads")
	set.StringVar(&f.cpu, "cpuprofile", "", "write a CPU profile of the whole run to this `file`")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	if set.NArg() > 0 {
		return f, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	if f.rounds < 1 || f.slice <= 0 || f.sustain <= 0 {
		return f, errors.New("-rounds, -duration and -sustain are to be above zero")
	}
	_, err1 := choose(f.only)
	_, err2 := chooseScenarios(f.scenarios)
	return f, errors.Join(err1, err2)
}

func scenarioList() string {
	var b strings.Builder
	for _, s := range scenarios() {
		fmt.Fprintf(&b, "\n  %-11s %s", s.Name, s.Title)
	}
	return b.String()
}

// inDir makes a temporary directory for do, and removes it.
func inDir(parent string, do func(dir string) error) error {
	dir, err := os.MkdirTemp(parent, "forewrite-bench-")
	if err != nil {
		return err
	}
	return errors.Join(do(dir), os.RemoveAll(dir))
}

// bench runs the chosen scenarios in dir and prints them.
func bench(ctx context.Context, f flags, dir string) error {
	chosen, err := chooseScenarios(f.scenarios)
	if err != nil {
		return err
	}
	b := &Bench{Dir: dir, Rounds: f.rounds, Slice: f.slice, Sustain: f.sustain, Passes: openPasses, Progress: os.Stderr}
	if b.Competitors, err = choose(f.only); err != nil {
		return err
	}
	if f.cpu != "" {
		stop, err := profileCPU(f.cpu)
		if err != nil {
			return err
		}
		defer stop()
	}
	machine := describe(dir)
	if !f.json {
		fmt.Printf("Measured on %s\n%d rounds of %v\n", machine, f.rounds, f.slice)
	}
	var all Results
	for _, s := range chosen {
		rs, err := s.Run(ctx, b)
		b.progress("")
		if err != nil {
			return err
		}
		if all = append(all, rs...); !f.json && len(rs) > 0 {
			fmt.Printf("\n%s (%s)\n\n", s.Title, s.Name)
			t := s.Table(rs)
			t.print(os.Stdout)
		}
	}
	return report(f, machine, all)
}

// report prints what is made of all figures together.
func report(f flags, machine Machine, all Results) error {
	if f.chart != "" {
		if err := writeChart(f.chart, machine, all); err != nil {
			return err
		}
	}
	if f.benchfmt != "" {
		if err := writeBenchfmt(f.benchfmt, machine, all); err != nil {
			return err
		}
	}
	if f.json {
		return printJSON(os.Stdout, f, machine, all)
	}
	if f.targets {
		fmt.Println()
		printTargets(os.Stdout, targets(all))
	}
	return nil
}

func printJSON(w io.Writer, f flags, machine Machine, all Results) error {
	out := struct {
		Machine Machine  `json:"machine"`
		Rounds  int      `json:"rounds"`
		Slice   string   `json:"duration"`
		Results Results  `json:"results"`
		Targets []target `json:"targets,omitempty"`
	}{machine, f.rounds, f.slice.String(), all, nil}
	if f.targets {
		out.Targets = targets(all)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func profileCPU(name string) (stop func(), err error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		if err := file.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "bench: CPU profile:", err)
		}
	}, nil
}
