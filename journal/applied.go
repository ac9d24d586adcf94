package journal

import (
	"errors"
	"fmt"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/journal/record"
)

// applied knows what was applied since the last checkpoint.
type applied struct {
	mu     shortLock
	lsn    record.LSN // of the last group that was applied whole
	dirty  apply.Dirty
	staged []stagedFile // payloads that the log refers to, oldest first
	size   int64        // of staged, in bytes
}

// stagedFile is needed for redo until a checkpoint has reached lsn.
type stagedFile struct {
	lsn  record.LSN
	name string
	size int64 // 0 for a link: its content was in the tree before
}

// applyBatch makes the files equal to what the requests of one group want, one
// after the other, and tells each committer as soon as its own changes are there.
// The caller has its turn: groups are applied in their order. Nothing is fsynced
// here, as the log has it all. If it fails, the files can't be brought in step
// with the log any more by this journal; the next Open does it. The requests that
// are left were not told.
func (j *Journal) applyBatch(batch []*request, lsn record.LSN) (left []*request, err error) {
	onlyMark := len(batch) == 1 && batch[0].mark
	err = j.readers.exclude()
	if err == nil {
		batch, err = j.applyRequests(batch, lsn)
		err = errors.Join(err, j.readers.admit())
	}
	if err != nil {
		j.poison(err)
		return batch, fmt.Errorf("%w: %w", ErrCommitted, err)
	}
	j.applied.mu.Lock()
	j.applied.lsn = lsn
	j.applied.mu.Unlock()
	if !onlyMark {
		j.touch()
	}
	return nil, nil
}

// applyRequests applies what is in one group. For views it is one change of the
// tree.
func (j *Journal) applyRequests(batch []*request, lsn record.LSN) (left []*request, err error) {
	seq := batch[len(batch)-1].seq
	t := taker{j: j, seq: seq, keep: j.views.applying()}
	defer j.views.applyDone(seq)
	for i, r := range batch {
		j.applied.keepStaged(lsn, r.changes)
		if len(r.changes) > 0 {
			if err := j.applySet(&t, r.set); err != nil {
				return batch[i:], err
			}
		}
		j.finish(r, nil)
	}
	return nil, nil
}

// keepStaged notes payloads that redo needs until a checkpoint has reached lsn.
func (a *applied) keepStaged(lsn record.LSN, changes []*apply.Change) {
	for _, c := range changes {
		switch c.Payload.Kind {
		case record.PayloadStaged:
			a.keep(stagedFile{lsn, c.Payload.Name, c.Payload.Size})
		case record.PayloadLinked:
			a.keep(stagedFile{lsn, c.Payload.Name, 0})
		}
	}
}

func (a *applied) keep(f stagedFile) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.staged = append(a.staged, f)
	a.size += f.size
}

// stagedSize returns how many bytes redo needs besides the log.
func (a *applied) stagedSize() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.size
}

// applySet takes the steps that make the files equal to the set.
func (j *Journal) applySet(t *taker, set *apply.Set) error {
	steps := set.Steps()
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
func (t *taker) takeAll(steps []apply.Step) error {
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

func (t *taker) takeTogether(steps []apply.Step) error {
	return together(len(steps), func(n int) error { return t.take(steps[n]) })
}

func (t *taker) take(s apply.Step) error {
	if t.keep {
		if err := t.j.keep(t.seq, s); err != nil {
			return err
		}
	}
	return t.j.files.Take(s)
}
