//go:build linux && (amd64 || arm64)

package fuzz

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/forewrite/forewrite/fuzz/crashfs"
	"github.com/forewrite/forewrite/journal"
)

// A recovery that crashes is recovered from in turn, and that recovery crashes
// too: three crashes one after the other.
const maxDepth = 3

// victim is a state whose recovery is going to be crashed.
type victim struct {
	trace crashfs.Trace // that ends in the state
	what  string
	need  int // transactions acknowledged
	after verdict
	rank  uint64
}

// crashRecoveries crashes the recovery of some of the states of a history.
func crashRecoveries(t *testing.T, h *history, s scope) (n tally) {
	t.Helper()
	start := time.Now()
	j, err := newJudge(h, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	fs := borrow(t)
	e := crashfs.Explorer{Trace: h.trace, Limit: min(s.limit, 256), Samples: 8, Seed: *seed}
	for _, v := range choose(e, s.recoveries, func(st crashfs.State) int { return h.required(st.Until) }) {
		n.add(crashRecovery(t, j, fs, v, 2, s))
	}
	// Everywhere the process may be killed: most of what was not fsynced by it is
	// there for the next one, which must not take it for durable.
	light := scope{limit: 16, samples: 16, states: 2000}
	for at := 0; at <= len(h.trace.Ops) && !t.Failed(); at += s.stride {
		v := victim{trace: h.trace.Prefix(at), what: fmt.Sprintf("%d.kill", at), need: h.required(at)}
		n.add(crashRecovery(t, j, fs, v, maxDepth, light))
	}
	n.took = time.Since(start)
	return n
}

// choose picks distinct states, by their hash.
func choose(e crashfs.Explorer, most int, need func(crashfs.State) int) []victim {
	var out []victim
	for st := range e.States() {
		rank := st.Hash * (2**seed + 1)
		at, known := slices.BinarySearchFunc(out, rank, func(v victim, r uint64) int {
			switch {
			case v.rank < r:
				return -1
			case v.rank > r:
				return 1
			}
			return 0
		})
		if known || at >= most {
			continue
		}
		v := victim{trace: crashfs.Trace{Start: st.Image()}, what: st.String(), need: need(st), rank: rank}
		if st.Mode == crashfs.Kill && len(st.Choice) == 0 {
			v.trace = e.Trace.Prefix(st.Prefix) // what was not fsynced then still is not
		}
		out = slices.Insert(out, at, v)
		out = out[:min(len(out), most)]
	}
	return out
}

// crashRecovery recovers a state and commits one more transaction, and judges what
// a crash on the way leaves.
func crashRecovery(t *testing.T, j *judge, fs *crashfs.FS, v victim, depth int, s scope) (n tally) {
	t.Helper()
	if len(v.trace.Ops) > 0 {
		fs.Load(v.trace)
	} else {
		fs.Reboot(v.trace.Start)
	}
	goOn(j, fs, &v)
	if err := v.after.wrong(v.need); err != nil {
		t.Errorf("recovery of state %s, seed %d: %v", v.what, *seed, err)
		return tally{violations: 1}
	}
	j = j.after(v)
	e := crashfs.Explorer{Trace: fs.Trace(), From: len(v.trace.Ops), Limit: min(s.limit, 256), Samples: max(2, s.samples/8), Seed: *seed}
	required := func(st crashfs.State) int {
		need := v.need
		if len(v.trace.Ops) == 0 {
			need = v.opened() // all that was there is on the disk, so nothing may change any more
		}
		for _, o := range e.Trace.Ops[e.From:st.Until] {
			if o.Kind == crashfs.KindMark {
				need = v.opened() + int(o.Size)
			}
		}
		return need
	}
	n.ops = len(e.Trace.Ops) - e.From
	thin := thinning([]crashfs.Explorer{e}, max(20, s.states/100))
	seen := map[uint64]verdict{}
	for st := range e.States() {
		if st.Hash%thin != 0 {
			continue
		}
		n.explored++
		got, ok := seen[st.Hash]
		if !ok {
			got = j.state(st.Image())
			seen[st.Hash] = got
			n.distinct++
		}
		need := required(st)
		if err := got.wrong(need); err != nil {
			if n.violations++; n.violations <= 2 {
				t.Errorf("crash in the recovery of state %s, after %s, state %s, seed %d: %v\n%s", v.what,
					last(e.Trace, st.Prefix), st, *seed, err, keepRecovery(j.h, e.Trace, st, need))
			}
		}
	}
	if depth < maxDepth {
		for _, next := range choose(e, max(1, s.recoveries/6), required) {
			next.what = v.what + " > " + next.what
			n.add(crashRecovery(t, j, fs, next, depth+1, s))
		}
	}
	return n
}

func keepRecovery(h *history, tr crashfs.Trace, st crashfs.State, need int) string {
	inRecovery := *h
	inRecovery.trace = tr
	return keep(&inRecovery, st, false, need)
}

// one is the transaction after a recovery.
var one = op{verb: "write", a: "one-more", n: 300}

// goOn recovers what is on fs, and commits a transaction. Marks tell how far it is.
func goOn(j *judge, fs *crashfs.FS, v *victim) {
	ctx, opts := context.Background(), j.h.opts
	jr, err := journal.Open(ctx, fs.Dir(), &opts)
	if err != nil {
		v.after.err = err
		return
	}
	v.after = j.look(fs.Dir())
	fs.Mark("opened", 0)
	err = jr.Update(ctx, func(tx *journal.Tx) error { return do(tx, one) })
	fs.Mark("ack", 1)
	if err := errors.Join(err, jr.Close()); err != nil {
		v.after.err = err
	}
}

// opened is a number of transactions that only what Open left counts as.
func (v victim) opened() int { return 1_000_000 + v.after.upTo }

// after returns a judge for what comes after the recovery of v.
func (j *judge) after(v victim) *judge {
	out := *j
	out.can.upTo = maps.Clone(j.can.upTo)
	for _, t := range j.can.trees {
		if t.hash() == v.after.tree {
			out.can.upTo[v.after.tree] = v.opened()
			t = maps.Clone(t)
			t.do(one)
			out.can.upTo[t.hash()] = v.opened() + 1
			out.can.trees = append(slices.Clone(j.can.trees), t)
			break
		}
	}
	return &out
}
