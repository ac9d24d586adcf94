//go:build linux && (amd64 || arm64)

package crashfs

import (
	"encoding/gob"
	"errors"
	"os"
)

// Trace is a recorded run: what was durable at its beginning, and what was done.
type Trace struct {
	Start Image
	Ops   []Op
}

// Prefix returns the trace of a run that ended after n operations.
func (t Trace) Prefix(n int) Trace { return Trace{Start: t.Start, Ops: t.Ops[:n:n]} }

// State returns the state that a State of this trace was, by what identifies it.
func (t Trace) State(prefix int, mode Mode, fill Fill, choice []byte, weak bool) State {
	v := newVolume(t.Start, weak)
	for _, op := range t.Ops[:prefix] {
		v.apply(op)
	}
	p := v.pending(mode, fill)
	return State{Prefix: prefix, Until: prefix, Mode: mode, Fill: fill, Choice: choice, Hash: p.hash(choice), p: p}
}

// Save writes the trace to a file.
func (t Trace) Save(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(gob.NewEncoder(f).Encode(t), f.Close())
}

// LoadTrace reads a trace that Save wrote.
func LoadTrace(name string) (Trace, error) {
	var t Trace
	f, err := os.Open(name)
	if err != nil {
		return t, err
	}
	return t, errors.Join(gob.NewDecoder(f).Decode(&t), f.Close())
}
