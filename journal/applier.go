package journal

import (
	"errors"
	"fmt"
	"slices"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/parallel"
	"github.com/forewrite/forewrite/internal/snapshot"
	"github.com/forewrite/forewrite/internal/viewlock"
	"github.com/forewrite/forewrite/journal/record"
)

const (
	workers    = 4 // goroutines that prepare or apply the changes of one transaction
	fewChanges = 4 // are not worth several goroutines
)

// applier makes the files equal to what was logged. One goroutine at a time uses it:
// groups are applied in their order.
type applier struct {
	files     *apply.Files
	readers   *viewlock.Owner
	snapshots *snapshot.Store
	dirty     *uncheckpointed
	state     *state
	stats     *stats
	applied   func() // called after a group that changed files
}

// apply applies the requests of one group, one after the other, calls done for each as
// soon as its own changes are in the files, and returns for how many. Nothing is
// fsynced here, as the log has it all. If it fails, this journal can't bring the files
// into step with the log any more; the next Open does.
func (a *applier) apply(batch []*request, lsn record.LSN, done func(*request)) (applied int, err error) {
	if err = a.readers.Exclude(); err == nil {
		applied, err = a.applyAll(batch, lsn, done)
		err = errors.Join(err, a.readers.Admit())
	}
	if err != nil {
		a.state.poison(err)
		return applied, fmt.Errorf("%w: %w", ErrCommitted, err)
	}
	if slices.ContainsFunc(batch, changesFiles) { // else there is nothing to checkpoint
		a.dirty.reached(lsn)
		a.applied()
	}
	return applied, nil
}

// applyAll is one change of the tree for snapshots.
func (a *applier) applyAll(batch []*request, lsn record.LSN, done func(*request)) (applied int, err error) {
	seq := batch[len(batch)-1].seq
	preserve := a.snapshots.BeginApply()
	defer a.snapshots.EndApply(seq)
	for i, r := range batch {
		a.dirty.addStaged(lsn, r.changes)
		if len(r.changes) > 0 {
			if err := a.execute(r.set.Steps(), seq, preserve); err != nil {
				return i, err
			}
		}
		if !r.checkpoint {
			a.stats.transactions.Add(1)
		}
		done(r)
	}
	return len(batch), nil
}

// execute executes the steps in their order, but in parallel where the order is free: half
// the cost of a rename is freeing the file that it replaces, which does not need the
// directory.
func (a *applier) execute(steps []apply.Step, seq uint64, preserve bool) error {
	one := func(s apply.Step) error {
		if preserve {
			if err := a.snapshots.Preserve(seq, s); err != nil {
				return err
			}
		}
		return a.files.Execute(s)
	}
	for rest := steps; len(rest) > 0; {
		n := freeSteps(rest)
		var err error
		if n > fewChanges {
			err = parallel.Do(workers, n, func(i int) error { return one(rest[i]) })
		} else {
			n, err = 1, one(rest[0])
		}
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	a.dirty.addSteps(steps)
	return nil
}

// freeSteps returns how many steps at the beginning can be taken in any order.
func freeSteps(steps []apply.Step) int {
	n := 0
	for n < len(steps) && steps[n].Free() {
		n++
	}
	return n
}
