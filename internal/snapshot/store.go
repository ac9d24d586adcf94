// Package snapshot keeps the old versions that open snapshots still need.
//
// A snapshot shows the tree as of one commit. Before a later commit changes a path,
// what is there is preserved as a [Version] that lasted until that commit. A path
// without a version is as it is on disk.
//
// # Locks
//
// turn, then mu. turn is held exclusively while a group is applied, and shared for the
// moment in which a snapshot is opened: a snapshot never begins in the middle of a
// group. A [sync.RWMutex] serves both sides in turn. mu guards the versions.
package snapshot

import (
	"math"
	"path"
	"sync"
	"sync/atomic"

	"github.com/forewrite/forewrite/internal/apply"
)

// Store keeps versions. Make one with [NewStore].
type Store struct {
	files *apply.Files

	turn sync.RWMutex

	mu       sync.Mutex
	applied  uint64 // the last commit that is applied whole
	open     map[*Snapshot]struct{}
	versions map[string][]Version           // by path, oldest first
	names    map[string]map[string]struct{} // by directory: names that have versions
}

// NewStore returns a store without versions.
func NewStore(files *apply.Files) *Store {
	return &Store{
		files: files,
		open:  make(map[*Snapshot]struct{}), versions: make(map[string][]Version),
		names: make(map[string]map[string]struct{}),
	}
}

// Snapshot is the tree as of one commit. Close it.
type Snapshot struct {
	store  *Store
	at     uint64
	closed atomic.Bool
}

// Open opens a snapshot as of the last commit that is applied whole.
func (s *Store) Open() *Snapshot {
	s.turn.RLock()
	defer s.turn.RUnlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := &Snapshot{store: s, at: s.applied}
	s.open[snap] = struct{}{}
	return snap
}

// Close ends the snapshot and removes the versions that no other needs. Further calls
// do nothing.
func (s *Snapshot) Close() {
	if s.closed.Swap(true) {
		return
	}
	s.store.mu.Lock()
	delete(s.store.open, s)
	garbage := s.store.collect()
	s.store.mu.Unlock()
	for _, name := range garbage {
		s.store.files.Staging.Remove(name)
	}
}

// Closed reports whether the snapshot was closed.
func (s *Snapshot) Closed() bool { return s.closed.Load() }

// CloseAll closes all snapshots that are open.
func (s *Store) CloseAll() {
	s.mu.Lock()
	all := make([]*Snapshot, 0, len(s.open))
	for snap := range s.open {
		all = append(all, snap)
	}
	s.mu.Unlock()
	for _, snap := range all {
		snap.Close()
	}
}

// BeginApply says that a group is about to be applied, and reports whether versions
// must be preserved. Snapshots are opened again after EndApply.
func (s *Store) BeginApply() (preserve bool) {
	s.turn.Lock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open) > 0
}

// EndApply says that everything up to commit seq is applied.
func (s *Store) EndApply(seq uint64) {
	s.mu.Lock()
	s.applied = seq
	s.mu.Unlock()
	s.turn.Unlock()
}

// collect forgets the versions that no open snapshot needs, and returns their names in
// staging. The caller holds mu.
func (s *Store) collect() (garbage []string) {
	oldest := uint64(math.MaxUint64)
	for snap := range s.open {
		oldest = min(oldest, snap.at)
	}
	for p, all := range s.versions {
		n := 0
		for n < len(all) && all[n].until <= oldest {
			if all[n].Staged != "" {
				garbage = append(garbage, all[n].Staged)
			}
			n++
		}
		if n < len(all) {
			s.versions[p] = all[n:]
			continue
		}
		s.forget(p)
	}
	return garbage
}

func (s *Store) forget(p string) {
	delete(s.versions, p)
	dir := path.Dir(p)
	delete(s.names[dir], path.Base(p))
	if len(s.names[dir]) == 0 {
		delete(s.names, dir)
	}
}
