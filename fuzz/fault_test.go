//go:build linux && (amd64 || arm64)

package fuzz

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/forewrite/forewrite/fuzz/crashfs"
)

// faults are what each operation is made to fail with, in turn.
func faults(n int) []crashfs.Fault {
	var out []crashfs.Fault
	for _, sticky := range []bool{false, true} {
		for _, err := range []syscall.Errno{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EACCES, syscall.EROFS, syscall.EMFILE} {
			out = append(out, crashfs.Fault{N: n, Err: err, Sticky: sticky})
		}
		out = append(out, crashfs.Fault{N: n, Err: syscall.ENOSPC, Short: true, Sticky: sticky})
	}
	return out
}

// TestFaults makes operation N of each workload fail, for every N: when opening,
// committing, checkpointing, recovering and closing.
func TestFaults(t *testing.T) {
	var mu sync.Mutex
	runs, states, hit := 0, 0, 0
	t.Run("workloads", func(t *testing.T) {
		for _, w := range workloads(t) {
			t.Run(w.name, func(t *testing.T) {
				t.Parallel()
				for n := 1; ; n++ {
					all := faults(n)
					if *explore != "full" {
						at := (n*5 + len(w.name)) % len(all)
						all = all[at : at+1]
					}
					past := false
					for _, f := range all {
						s, hits, seen := playFault(t, w, f)
						past = past || seen < n
						mu.Lock()
						runs, states, hit = runs+1, states+s, hit+min(hits, 1)
						mu.Unlock()
					}
					if past || t.Failed() || (testing.Short() || raceDetector) && n > 10 {
						break
					}
				}
			})
		}
	})
	t.Logf("%d runs, %d of them with a fault, %d states judged", runs, hit, states)
	if hit*2 < runs {
		t.Error("most runs met no fault")
	}
}

// playFault plays the workload with a fault, and judges what is left in the end
// and what a power loss then leaves.
func playFault(t *testing.T, w workload, f crashfs.Fault) (states, hits, seen int) {
	t.Helper()
	name := fmt.Sprintf("%s: operation %d fails with %v (sticky %v, short %v)", w.name, f.N, f.Err, f.Sticky, f.Short)
	p := play(t, w, &f)
	if p.hits == 0 && len(p.errs) > 0 {
		t.Errorf("%s: %v without any fault", name, p.errs)
	}
	for _, err := range p.broken {
		t.Errorf("%s: %v", name, err)
	}
	j, err := newJudge(&p.h, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	ops := p.h.trace.Ops
	judged := map[uint64]bool{}
	for st := range (crashfs.Explorer{Trace: p.h.trace, From: len(ops), Limit: 4, Samples: 5, Seed: *seed + uint64(f.N)}).States() {
		if judged[st.Hash] {
			continue
		}
		judged[st.Hash] = true
		need := p.h.required(st.Until)
		if err := j.state(st.Image()).wrong(need); err != nil {
			t.Errorf("%s: state %s: %v\n%s\n%s", name, st, err, p.failed(), keep(&p.h, st, false, need))
			break
		}
	}
	return len(judged), p.hits, p.seen
}

// failed lists what failed, for people to read.
func (p *player) failed() string {
	var out []string
	for i, o := range p.h.trace.Ops {
		if o.Err != 0 {
			out = append(out, fmt.Sprintf("operation %d of the trace: %s", i+1, o))
		}
	}
	out = slices.Compact(out[:min(len(out), 3)])
	for i, tx := range p.h.txs {
		if tx.err != nil {
			out = append(out, fmt.Sprintf("transaction %d: %v", i+1, tx.err))
		}
	}
	for _, err := range p.errs {
		out = append(out, err.Error())
	}
	return strings.Join(out, "\n")
}
