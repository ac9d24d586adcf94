package journal

import (
	"errors"
	"fmt"
	"sync"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/journal/record"
)

// applied knows what was applied since the last checkpoint.
type applied struct {
	mu     sync.Mutex
	lsn    record.LSN // of the last group that was applied whole
	dirty  apply.Dirty
	staged []stagedFile // payloads that the log refers to, oldest first
}

// stagedFile is needed for redo until a checkpoint has reached lsn.
type stagedFile struct {
	lsn  record.LSN
	name string
}

// applyBatch makes the files equal to what the requests of one group want. The
// caller has its turn: groups are applied in their order. Nothing is fsynced
// here, as the log has it all. If it fails, the files can't be brought in step
// with the log any more by this journal; the next Open does it.
func (j *Journal) applyBatch(batch []*request, lsn record.LSN) error {
	err := j.readers.exclude()
	if err == nil {
		err = j.applyRequests(batch, lsn)
		err = errors.Join(err, j.readers.admit())
	}
	if err != nil {
		j.poison(err)
		return fmt.Errorf("%w: %w", ErrCommitted, err)
	}
	j.applied.mu.Lock()
	j.applied.lsn = lsn
	j.applied.mu.Unlock()
	if len(batch) > 1 || !batch[0].mark {
		j.touch()
	}
	return nil
}

// applyRequests applies what remains when the requests are taken together: a file
// that several of them write is put in place once.
func (j *Journal) applyRequests(batch []*request, lsn record.LSN) error {
	var set *apply.Set
	var seq uint64
	merged := false
	for _, r := range batch {
		j.applied.keepStaged(lsn, r.staged)
		if len(r.changes) == 0 {
			continue
		}
		seq = r.seq
		switch {
		case set == nil:
			set = r.set
			continue
		case !merged:
			set, merged = mergeAll(batch), true
		}
	}
	if set == nil {
		return nil
	}
	if merged {
		defer j.discardSuperseded(batch, set)
	}
	return j.applySet(set, seq)
}

func mergeAll(batch []*request) *apply.Set {
	set := new(apply.Set)
	for _, r := range batch {
		for _, c := range r.changes {
			set.Merge(c)
		}
	}
	return set
}

// discardSuperseded removes what was prepared and is not wanted any more.
func (j *Journal) discardSuperseded(batch []*request, set *apply.Set) {
	for _, r := range batch {
		for _, c := range r.changes {
			if last := set.Get(c.Path); last == nil || last.Temp != c.Temp {
				j.files.Discard(c)
			}
		}
	}
}

// keepStaged notes payloads that redo needs until a checkpoint has reached lsn.
func (a *applied) keepStaged(lsn record.LSN, names []string) {
	if len(names) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, name := range names {
		a.staged = append(a.staged, stagedFile{lsn, name})
	}
}

// applySet takes the steps that make the files equal to the set. For views it is
// one change of the tree, number seq.
func (j *Journal) applySet(set *apply.Set, seq uint64) error {
	steps := set.Steps()
	t := taker{j: j, seq: seq, keep: j.views.applying()}
	defer j.views.applyDone(seq)
	if err := t.takeAll(steps); err != nil {
		return err
	}
	j.applied.mu.Lock()
	defer j.applied.mu.Unlock()
	for _, s := range steps {
		j.applied.dirty.Add(s)
	}
	return nil
}

// taker takes the steps of one change of the tree.
type taker struct {
	j    *Journal
	seq  uint64
	keep bool // what is there, for views
}

// takeAll takes the steps in their order, but those that are free of an order
// together: half of a rename is giving back the file that it replaces, which does
// not need the directory.
func (t taker) takeAll(steps []apply.Step) error {
	for len(steps) > 0 {
		n := 0
		for n < len(steps) && steps[n].Free() {
			n++
		}
		var err error
		if n > few {
			err = t.takeTogether(steps[:n])
		} else {
			n, err = 1, t.take(steps[0])
		}
		if err != nil {
			return err
		}
		steps = steps[n:]
	}
	return nil
}

func (t taker) takeTogether(steps []apply.Step) error {
	return together(len(steps), func(n int) error { return t.take(steps[n]) })
}

func (t taker) take(s apply.Step) error {
	if t.keep {
		if err := t.j.keep(t.seq, s); err != nil {
			return err
		}
	}
	return t.j.files.Take(s)
}
