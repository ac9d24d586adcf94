// Package apply makes files equal to intents. It folds the intents of one or more
// transactions into one wanted state a path ([Set]), orders the steps that reach it
// ([Set.Steps]), and executes them with temporary files and renames below a root
// ([Files]). Commit and redo after a crash both end here, so that recovery does what
// the journal would have done.
//
// Every step is absolute: executed twice, or from any state that a crash left behind, it
// gives the same result.
package apply

import (
	"path"
	"slices"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/journal/record"
)

// Before says what must be gone before a change can be made.
type Before uint8

const (
	// AsIs: nothing; a file may be replaced, a directory may be there already.
	AsIs Before = iota
	// Removed: a file or an empty directory, where the change needs the other.
	Removed
	// RemovedAll: the whole tree that was there.
	RemovedAll
)

// Change is the state wanted at one path. It is not modified once it is in a Set.
type Change struct {
	record.Intent
	Before Before
	Temp   string // name in staging of the prepared file, link or directory; see Files.Prepare
}

// Exists reports whether the change leaves something at its path.
func (c *Change) Exists() bool {
	return c.Op != record.OpRemove && c.Op != record.OpRemoveAll
}

// Set folds intents: it holds one change a path, the last one. The zero value is
// an empty set.
type Set struct {
	changes map[string]*Change
}

// Len returns the number of paths that the set changes.
func (s *Set) Len() int { return len(s.changes) }

// Names returns the names in the directory dir that the set knows something about.
// They are all that is in it, whatever is on disk, if whole is true: the set makes or
// removes the directory itself.
func (s *Set) Names(dir string) (names []string, whole bool) {
	for p := range s.changes {
		if path.Dir(p) == dir {
			names = append(names, path.Base(p))
		}
	}
	c, gone := s.Lookup(dir)
	return names, gone || c != nil && c.Op != record.OpChmod
}

// Get returns the change at p, or nil.
func (s *Set) Get(p string) *Change { return s.changes[p] }

// Lookup says what the set knows about p: a change, or that p can't exist because
// something above it was removed, replaced, or newly made without it. A nil
// change and false mean that the set says nothing, and a chmod leaves what is
// there as it is, but for the mode.
func (s *Set) Lookup(p string) (c *Change, gone bool) {
	if len(s.changes) == 0 {
		return nil, false
	}
	if c := s.changes[p]; c != nil {
		return c, !c.Exists()
	}
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		if c := s.changes[dir]; c != nil && c.Op != record.OpChmod {
			return nil, true
		}
	}
	return nil, false
}

// Add folds one intent into the set and returns the change that resulted.
func (s *Set) Add(i record.Intent) *Change {
	if s.changes == nil {
		s.changes = make(map[string]*Change)
	}
	c := &Change{Intent: i}
	if prev := s.changes[i.Path]; prev != nil {
		c.follow(prev)
	}
	if i.Op == record.OpRemoveAll {
		c.Before = RemovedAll
		s.dropBeneath(i.Path)
	}
	s.changes[i.Path] = c
	return c
}

// Merge folds a change of another set into this one, with what was prepared for
// it. The changes of a set are merged in the order that Changes gives.
func (s *Set) Merge(c *Change) {
	switch c.Before {
	case AsIs:
		if s.changes != nil && s.changes[c.Path] == nil {
			s.changes[c.Path] = c // nothing to fold
			return
		}
	case Removed:
		s.Add(record.Intent{Tx: c.Tx, Op: record.OpRemove, Path: c.Path})
	case RemovedAll:
		s.Add(record.Intent{Tx: c.Tx, Op: record.OpRemoveAll, Path: c.Path})
	}
	merged := s.Add(c.Intent)
	if c.Temp != "" {
		merged.Temp = c.Temp
	}
}

// Put replaces the change at c.Path by c, which must have come from this set.
func (s *Set) Put(c *Change) { s.changes[c.Path] = c }

// Delete forgets the change at p.
func (s *Set) Delete(p string) { delete(s.changes, p) }

// follow makes c the state that results when c's intent comes after prev.
func (c *Change) follow(prev *Change) {
	c.Before = prev.Before
	switch prev.Op {
	case record.OpRemove:
		c.Before = max(c.Before, Removed)
	case record.OpRemoveAll:
		c.Before = RemovedAll
	}
	// What the first of them replaced is what is on disk.
	if prev.Replaced.Kind != record.ReplacedUnknown {
		c.Replaced = prev.Replaced
	}
	switch {
	case c.Op == record.OpRemove && c.Before == RemovedAll:
		c.Op = record.OpRemoveAll
	case c.Op == record.OpChmod && prev.Exists():
		c.Op, c.Payload, c.Temp = prev.Op, prev.Payload, prev.Temp
	}
}

func (s *Set) dropBeneath(dir string) {
	for p := range s.changes {
		if layout.Below(p, dir) {
			delete(s.changes, p)
		}
	}
}

// Changes returns the changes in the order of their paths, parents first.
func (s *Set) Changes() []*Change {
	all := make([]*Change, 0, len(s.changes))
	for _, c := range s.changes {
		all = append(all, c)
	}
	if len(all) > 1 {
		slices.SortFunc(all, func(a, b *Change) int { return comparePaths(a.Path, b.Path) })
	}
	return all
}

// comparePaths orders paths as a walk through the tree meets them: "a/b" comes
// right after "a", before "a-b".
func comparePaths(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] != b[i] {
			switch {
			case a[i] == '/':
				return -1
			case b[i] == '/':
				return 1
			}
			return int(a[i]) - int(b[i])
		}
	}
	return len(a) - len(b)
}

// Intents returns the intents that, added to an empty set, give these changes. A
// tree that is removed and made again takes two.
func Intents(changes []*Change, tx record.TxID) []record.Intent {
	intents := make([]record.Intent, 0, len(changes))
	for _, c := range changes {
		if c.Before != AsIs && c.Exists() {
			op := record.OpRemove
			if c.Before == RemovedAll {
				op = record.OpRemoveAll
			}
			intents = append(intents, record.Intent{Tx: tx, Op: op, Path: c.Path})
		}
		i := c.Intent
		i.Tx = tx
		intents = append(intents, i)
	}
	return intents
}
