//go:build linux && (amd64 || arm64)

package crashfs

import (
	"slices"
	"syscall"
)

// Fault makes an operation fail that would have succeeded.
type Fault struct {
	N      int           // which of the operations, counted from 1 when it is set
	Kinds  []Kind        // those that count; none: all of them
	Err    syscall.Errno // what they fail with; 0 with Short: nothing fails
	Sticky bool          // every later one fails as well
	// Short makes a write only do half of what it is asked to, and fails only
	// the next one, as a disk does that runs full.
	Short bool
}

// faults is the fault that is set, and how far the count is.
type faults struct {
	Fault
	seen    int
	hits    int
	pending bool // a short write was done
}

// SetFault replaces the fault. The zero Fault is none.
func (f *FS) SetFault(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = faults{Fault: fault}
}

// Faults returns how many operations the fault that is set has counted, and how
// many it has hit.
func (f *FS) Faults() (seen, hits int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.faults.seen, f.faults.hits
}

// hit counts an operation, and returns what it fails with.
func (f *faults) hit(k Kind) syscall.Errno {
	if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, k) {
		return 0
	}
	f.seen++
	switch {
	case f.N == 0 || f.seen < f.N:
		return 0
	case f.Short && k != KindWrite:
		return 0
	case f.Short && f.hits == 0:
		f.hits++
		f.pending = true
		return 0
	case f.Short:
		if !f.pending && !f.Sticky {
			return 0
		}
		f.pending = false
	case f.seen > f.N && !f.Sticky:
		return 0
	}
	f.hits++
	return f.Err
}

// shorten returns how much of a write of n bytes is to be done.
func (f *faults) shorten(n int) int {
	if f.Short && f.N > 0 && f.hits == 0 && f.seen+1 >= f.N {
		return max(1, n/2)
	}
	return n
}
