//go:build linux && (amd64 || arm64)

package fuzz

import (
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/forewrite/forewrite/fuzz/crashfs"
)

var (
	explore = flag.String("explore", "", "full: visit millions of states, and print a table of them")
	seed    = flag.Uint64("seed", 1, "of the states that are drawn")
	keepIn  = flag.String("keep", "", "directory for crashes that break a promise, one a file")
	replay  = flag.String("replay", "", "a file that was kept")
)

// scope is how much is looked at.
type scope struct {
	limit, samples int
	states         int // of one workload
	probe          int
	recoveries     int // that are crashed in turn, for each workload
	stride         int // so many operations apart the process is killed
}

func exploring(short bool) scope {
	switch {
	case *explore == "full":
		return scope{limit: 4096, samples: 400, states: 30_000, probe: 4, recoveries: 24, stride: 1}
	case short:
		return scope{limit: 64, samples: 4, states: 300, probe: 8, recoveries: 1, stride: 16}
	}
	return scope{limit: 4096, samples: 48, states: 4000, probe: 10, recoveries: 4, stride: 3}
}

// tally counts what was explored of one workload.
type tally struct {
	name       string
	ops        int
	explored   int // states, each time that a crash leaves them
	distinct   int // states that were recovered and looked at
	violations int
	took       time.Duration
}

func (n *tally) add(o tally) {
	n.ops += o.ops
	n.explored += o.explored
	n.distinct += o.distinct
	n.violations += o.violations
	n.took += o.took
}

// TestExplore plays each workload once, and judges what every crash in it could
// leave.
func TestExplore(t *testing.T) {
	var mu sync.Mutex
	var all []tally
	t.Run("workloads", func(t *testing.T) {
		for _, w := range workloads(t) {
			t.Run(w.name, func(t *testing.T) {
				t.Parallel()
				p := play(t, w, nil)
				p.check(w)
				s := exploring(testing.Short() || raceDetector)
				n := exploreHistory(t, w.name, &p.h, s)
				if !t.Failed() {
					n.add(crashRecoveries(t, &p.h, s))
				}
				mu.Lock()
				defer mu.Unlock()
				all = append(all, n)
			})
		}
	})
	report(t, all)
}

// check fails the test if the workload itself did not go as it should.
func (p *player) check(w workload) {
	p.t.Helper()
	for _, err := range p.errs {
		p.t.Errorf("%s: %v", w.name, err)
	}
	for i, tx := range p.h.txs {
		if tx.err != nil && !strings.HasPrefix(w.name, "refused") {
			p.t.Errorf("%s: transaction %d: %v", w.name, i+1, tx.err)
		}
	}
}

func exploreHistory(t *testing.T, name string, h *history, s scope) tally {
	t.Helper()
	n := tally{name: name, ops: len(h.trace.Ops)}
	start := time.Now()
	j, err := newJudge(h, s.probe)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	explorers := []crashfs.Explorer{
		{Trace: h.trace, Limit: s.limit, Samples: s.samples, Seed: *seed},
		{Trace: h.trace, Limit: s.limit / 16, Samples: s.samples / 4, Seed: *seed, Weak: true},
	}
	seen := map[uint64]verdict{}
	thin := thinning(explorers, s.states)
	for _, e := range explorers {
		for st := range e.States() {
			if st.Mode == crashfs.PowerLoss && st.Hash%thin != 0 {
				continue
			}
			n.explored++
			v, ok := seen[st.Hash]
			if !ok {
				v = j.state(st.Image())
				seen[st.Hash] = v
				n.distinct++
			}
			if n.violations == 3 && *explore == "" {
				return n // enough is known
			}
			need := h.required(st.Until)
			if err := v.wrong(need); err != nil {
				if n.violations++; n.violations <= 3 {
					t.Errorf("crash after %d of %d operations (%s), state %s, weak %v, seed %d: %v\n%s", st.Prefix, n.ops,
						last(h.trace, st.Prefix), st, e.Weak, *seed, err, keep(h, st, e.Weak, need))
				}
			}
		}
	}
	n.took = time.Since(start)
	return n
}

// thinning returns of how many distinct states one is to be looked at, so that
// they are no more than most.
func thinning(explorers []crashfs.Explorer, most int) uint64 {
	distinct := map[uint64]bool{}
	for _, e := range explorers {
		for st := range e.States() {
			distinct[st.Hash] = true
		}
	}
	return uint64(len(distinct)/most + 1)
}

// last names the operation that a crash came after.
func last(tr crashfs.Trace, n int) string {
	if n == 0 {
		return "none"
	}
	return tr.Ops[n-1].String()
}

func report(t *testing.T, all []tally) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "workload\toperations\tstates\tdistinct\tviolations\tseed\ttime\t")
	var sum tally
	for _, n := range all {
		if *explore != "" || n.violations > 0 {
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%.1fs\t\n", n.name, n.ops, n.explored, n.distinct, n.violations, *seed, n.took.Seconds())
		}
		sum.add(n)
	}
	fmt.Fprintf(w, "all %d\t%d\t%d\t%d\t%d\t%d\t%.1fs\t\n", len(all), sum.ops, sum.explored, sum.distinct, sum.violations, *seed, sum.took.Seconds())
	w.Flush()
	t.Log("\n" + b.String())
	for _, n := range all {
		if n.distinct < 2 {
			t.Errorf("%s: %d distinct states: nothing was explored", n.name, n.distinct)
		}
	}
}
