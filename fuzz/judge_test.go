//go:build linux && (amd64 || arm64)

package fuzz

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/forewrite/forewrite/fuzz/crashfs"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/journal"
	"github.com/forewrite/forewrite/recovery"
)

// verdict is what recovery made of a state. It depends on the state alone; whether
// it is right depends on the moment of the crash too.
type verdict struct {
	upTo int    // the largest number of transactions that leaves the tree
	tree uint64 // its hash
	err  error  // what is wrong with it at any moment
}

// judge recovers states of one history.
type judge struct {
	h     *history
	can   possible
	dir   string // of the states
	n     int
	probe int // each n-th state is opened and used as well; 1: each
}

func newJudge(h *history, probe int) (*judge, error) {
	dir, err := os.MkdirTemp(scratch, "states-")
	return &judge{h: h, can: h.possible(), dir: dir, probe: probe}, err
}

func (j *judge) close() { os.RemoveAll(j.dir) }

// state writes an image, recovers it, and looks at the result.
func (j *judge) state(im crashfs.Image) verdict {
	j.n++
	dir := filepath.Join(j.dir, fmt.Sprint(j.n))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return verdict{err: err}
	}
	defer os.RemoveAll(dir)
	if err := im.Write(dir, ".journal"); err != nil {
		return verdict{err: fmt.Errorf("write state: %w", err)}
	}
	return j.recover(dir)
}

func (j *judge) recover(dir string) verdict {
	if j.n%j.probe == 0 {
		return j.open(dir)
	}
	first, err := j.run(dir)
	if err != nil {
		return verdict{err: fmt.Errorf("recovery: %w", err)}
	}
	v := j.look(dir)
	if v.err != nil {
		v.err = fmt.Errorf("%w (recovery: %s)", v.err, first)
		return v
	}
	second, err := j.run(dir)
	if err != nil {
		return verdict{err: fmt.Errorf("second recovery: %w", err)}
	}
	if again := j.look(dir); again != v {
		return verdict{err: fmt.Errorf("the second recovery changed something: %v (%s; then %s)", again.err, first, second)}
	}
	return v
}

// run is recovery as journal.Open does it: what Open makes first may be missing.
func (j *judge) run(dir string) (string, error) {
	for _, d := range []string{"", "log", "staging", "lost+found"} {
		if err := os.Mkdir(filepath.Join(dir, ".journal", d), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return "", err
		}
	}
	home, err := layout.Open(dir, "")
	if err != nil {
		return "", err
	}
	defer home.Close()
	rep, err := recovery.Run(context.Background(), home, recovery.Options{})
	if err != nil {
		return "", err
	}
	return rep.Summary(), nil
}

// look compares the tree with those that are possible.
func (j *judge) look(dir string) verdict {
	got, err := readTree(dir)
	if err != nil {
		return verdict{err: err}
	}
	hash := got.hash()
	upTo, ok := j.can.upTo[hash]
	if !ok {
		return verdict{err: fmt.Errorf("half a transaction: %s", j.closest(got))}
	}
	left, err := os.ReadDir(filepath.Join(dir, ".journal/staging"))
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%s was left in staging", left[0].Name())
	}
	return verdict{upTo: upTo, tree: hash, err: err}
}

// closest describes a tree by the possible one that it differs from the least.
func (j *judge) closest(got tree) string {
	best := ""
	for i, t := range j.can.trees {
		d := fmt.Sprintf("after %d transactions\n%s", i, got.diff(t))
		if best == "" || strings.Count(d, "\n") <= strings.Count(best, "\n") {
			best = d
		}
	}
	return best
}

// open does what a program does: open, use, close, and open again.
func (j *judge) open(dir string) verdict {
	ctx := context.Background()
	opts := j.h.opts
	jr, err := journal.Open(ctx, dir, &opts)
	if err != nil {
		return verdict{err: err}
	}
	defer jr.Close()
	v := j.look(dir)
	if v.err != nil {
		v.err = fmt.Errorf("%w (recovery: %s)", v.err, jr.Recovered().Summary())
		return v
	}
	before, err := readTree(dir)
	if err != nil {
		return verdict{err: err}
	}
	err = jr.Update(ctx, func(tx *journal.Tx) error { return tx.WriteFile("probe", []byte("new"), 0o600) })
	if err := errors.Join(err, jr.Close()); err != nil {
		return verdict{err: fmt.Errorf("a new transaction: %w", err)}
	}
	if jr, err = journal.Open(ctx, dir, &opts); err != nil {
		return verdict{err: fmt.Errorf("second open: %w", err)}
	}
	clean := jr.Recovered().Clean
	if err := jr.Close(); err != nil {
		return verdict{err: fmt.Errorf("second close: %w", err)}
	}
	before["probe"] = node{Mode: 0o600, Data: "new"}
	after, err := readTree(dir)
	switch {
	case err != nil:
		return verdict{err: err}
	case after.hash() != before.hash():
		return verdict{err: fmt.Errorf("after a new transaction: %s", after.diff(before))}
	case !clean:
		return verdict{err: errors.New("after a clean close there was something to recover")}
	}
	return v
}

// wrong says what breaks a promise, when need transactions were acknowledged.
func (v verdict) wrong(need int) error {
	if v.err != nil {
		return v.err
	}
	if v.upTo < need {
		return fmt.Errorf("transaction %d was acknowledged, and only %d are there", need, v.upTo)
	}
	return nil
}
