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

func (j *Journal) applyRequests(batch []*request, lsn record.LSN) error {
	for _, r := range batch {
		for _, name := range r.staged {
			j.applied.mu.Lock()
			j.applied.staged = append(j.applied.staged, stagedFile{lsn, name})
			j.applied.mu.Unlock()
		}
		if r.set == nil {
			continue
		}
		if err := j.applyRequest(r); err != nil {
			return err
		}
	}
	return nil
}

func (j *Journal) applyRequest(r *request) error {
	steps := r.set.Steps()
	keep := j.views.applying()
	defer func() { j.discard(j.views.applyDone(r.seq)) }()
	for _, s := range steps {
		if keep {
			if err := j.keep(r.seq, s); err != nil {
				return err
			}
		}
		if err := j.files.Take(s); err != nil {
			return err
		}
	}
	j.applied.mu.Lock()
	defer j.applied.mu.Unlock()
	for _, s := range steps {
		j.applied.dirty.Add(s)
	}
	return nil
}
