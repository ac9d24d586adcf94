package overlay

import (
	"sync"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/journal/record"
)

// InFlight holds the changes of transactions that have their place in the commit order
// and are not applied yet. Later transactions read them in place of the files, so that
// they need not wait for the log.
//
// The zero value is empty. Its lock is a leaf: no other is acquired under it.
type InFlight struct {
	mu  sync.Mutex
	set apply.Set
	seq map[string]uint64 // by path: the transaction that changed it last

	structure structure
	written   written
}

// Lookup returns what is in flight at p; see [apply.Set.Lookup].
func (f *InFlight) Lookup(p string) (c *apply.Change, gone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.set.Lookup(p)
}

// Names returns what is in flight in the directory dir; see [apply.Set.Names].
func (f *InFlight) Names(dir string) (names []string, whole bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.set.Names(dir)
}

// Len returns the number of paths with changes in flight.
func (f *InFlight) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.set.Len()
}

// Publish adds the changes of transaction seq. Transactions are published in the
// commit order.
func (f *InFlight) Publish(seq uint64, changes []*apply.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seq == nil {
		f.seq = make(map[string]uint64)
	}
	for _, c := range changes {
		f.set.Merge(c)
		f.seq[c.Path] = seq
		if c.Op != record.OpPut || c.Replaced.Kind == record.ReplacedNothing {
			f.structure.change(c.Path)
		}
	}
}

// Applied forgets the changes of transaction seq: the files have them now.
func (f *InFlight) Applied(seq uint64, changes []*apply.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range changes {
		f.written.add(c)
		if f.seq[c.Path] == seq {
			f.set.Delete(c.Path)
			delete(f.seq, c.Path)
		}
	}
}

// Reset forgets all changes: they will not be applied. Whatever was prepared on top of
// them must be prepared again.
func (f *InFlight) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set, f.seq = apply.Set{}, nil
	f.structure.forget()
}

// Structure returns a number that changes whenever what exists, or of which kind it
// is, changes.
func (f *InFlight) Structure() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.structure.count
}

// StructureChanged reports whether what was found at paths, when Structure returned
// since, may have changed: one of them, or a directory above one, was made, removed or
// turned into something else.
func (f *InFlight) StructureChanged(since uint64, paths []string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.structure.changed(since, paths)
}

// Written returns how the file at p, as this session put it into place, is described
// in a record.
func (f *InFlight) Written(p string) (record.Replaced, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.written[p]
	return r, ok
}
