//go:build linux && (amd64 || arm64)

package fuzz

import (
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/forewrite/forewrite/fuzz/crashfs"
	"github.com/forewrite/forewrite/journal"
)

// crash is a state and everything that is needed to judge it again.
type crash struct {
	Trace       crashfs.Trace
	Prefix      int
	Need        int // transactions acknowledged by then
	Mode        crashfs.Mode
	Fill        crashfs.Fill
	Choice      []byte
	Weak        bool
	Start       map[string]savedNode
	Txs         []savedTx
	Acked       int
	SegmentSize int64
	Inline      int64
}

type savedNode struct {
	Mode os.FileMode
	Data string
}

type savedTx struct {
	Ops     []savedOp
	Outcome uint8
}

type savedOp struct {
	Verb, A, B string
	N, Tag     int
}

// keep writes the state to a file and says how to see it again.
func keep(h *history, st crashfs.State, weak bool, need int) string {
	if *keepIn == "" {
		return "with -keep=DIR it is written to a file, to be judged again by TestReplay"
	}
	c := crash{Trace: h.trace, Prefix: st.Prefix, Need: need, Mode: st.Mode, Fill: st.Fill, Choice: st.Choice, Weak: weak,
		Start: map[string]savedNode{}, Acked: h.acked, SegmentSize: h.opts.SegmentSize, Inline: h.opts.InlineLimit}
	for p, n := range h.start {
		c.Start[p] = savedNode{n.Mode, n.Data}
	}
	for _, tx := range h.txs {
		s := savedTx{Outcome: uint8(tx.outcome)}
		for _, o := range tx.ops {
			s.Ops = append(s.Ops, savedOp{o.verb, o.a, o.b, o.n, o.tag})
		}
		c.Txs = append(c.Txs, s)
	}
	f, err := os.CreateTemp(*keepIn, "*.crash")
	if err != nil {
		return err.Error()
	}
	if err := errors.Join(gob.NewEncoder(f).Encode(c), f.Close()); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("to see it again: go test ./fuzz -run TestReplay -v -replay=%s", f.Name())
}

func (c *crash) history() *history {
	h := &history{start: tree{}, trace: c.Trace, acked: c.Acked, opts: journal.Options{SegmentSize: c.SegmentSize, InlineLimit: c.Inline, CheckpointIdle: -1}}
	for p, n := range c.Start {
		h.start[p] = node{Mode: n.Mode, Data: n.Data}
	}
	for _, s := range c.Txs {
		tx := &txn{outcome: outcome(s.Outcome)}
		for _, o := range s.Ops {
			tx.ops = append(tx.ops, op{o.Verb, o.A, o.B, o.N, o.Tag})
		}
		h.txs = append(h.txs, tx)
	}
	return h
}

// TestReplay judges a state that a failed test has kept, and shows how it came
// about.
func TestReplay(t *testing.T) {
	if *replay == "" {
		t.Skip("no -replay")
	}
	f, err := os.Open(*replay)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var c crash
	if err := gob.NewDecoder(f).Decode(&c); err != nil {
		t.Fatal(err)
	}
	for i, o := range c.Trace.Ops[:c.Prefix] {
		t.Logf("%4d %s", i+1, o)
	}
	st := c.Trace.State(c.Prefix, c.Mode, c.Fill, c.Choice, c.Weak)
	for _, e := range st.Image() {
		t.Logf("%-60s %d %06o %6d %.60q", e.Path, e.Ino, e.Content.Attr.Mode, e.Content.Size, e.Content.Bytes())
	}
	j, err := newJudge(c.history(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	for _, j.probe = range []int{1 << 30, 1} {
		if err := j.state(st.Image()).wrong(c.Need); err != nil {
			t.Error(err)
		}
	}
}
