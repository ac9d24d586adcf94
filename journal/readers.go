package journal

import (
	"errors"
	"maps"
	"slices"
	"sync"
)

// readers are the open snapshots of a read-only journal. Each keeps the owner from
// applying, so none may outlive the journal.
type readers struct {
	mu     sync.Mutex
	open   map[*Snapshot]struct{}
	closed bool
}

// add notes a snapshot, or closes it if the journal was closed meanwhile.
func (r *readers) add(s *Snapshot) error {
	r.mu.Lock()
	closed := r.closed
	if !closed {
		if r.open == nil {
			r.open = make(map[*Snapshot]struct{})
		}
		r.open[s] = struct{}{}
	}
	r.mu.Unlock()
	if closed {
		return errors.Join(ErrClosed, s.Close())
	}
	return nil
}

func (r *readers) remove(s *Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, s)
}

// close closes all snapshots that are open.
func (r *readers) close() error {
	r.mu.Lock()
	r.closed = true
	all := slices.Collect(maps.Keys(r.open))
	r.mu.Unlock()
	var errs []error
	for _, s := range all {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
