package apply

import (
	"path"
	"slices"

	"github.com/forewrite/forewrite/journal/record"
)

// Act is what one step does.
type Act uint8

const (
	// ActClear removes what is in the way of a later step.
	ActClear Act = iota
	// ActPlace puts the prepared file, link or directory in place.
	ActPlace
	// ActRemove removes what is not wanted any more.
	ActRemove
	// ActMode sets the mode of what is there.
	ActMode
)

// Step is one thing to do to the tree.
type Step struct {
	*Change
	Act Act
}

// Steps returns what makes the tree equal to the set, in an order that works:
//
//  1. clear, children first: what a later step can't replace by itself;
//  2. place: directories, parents first, then files and links, in any order;
//  3. remove, children first: late, so that a rename never shows neither name;
//  4. mode, children first: what could not have its mode from the start.
func (s *Set) Steps() []Step {
	if len(s.changes) == 1 { // one file, the common case, needs no sorting
		for _, c := range s.changes {
			if c.Op == record.OpPut && c.Before == AsIs && !setsModeLast(c) {
				return []Step{{c, ActPlace}}
			}
		}
	}
	all := s.Changes()
	steps := make([]Step, 0, len(all)+4)
	for _, c := range slices.Backward(all) {
		if c.Before != AsIs && c.Exists() || !c.Exists() && s.inTheWay(c) {
			steps = append(steps, Step{c, ActClear})
		}
	}
	for _, c := range all {
		if c.Op == record.OpMkdir {
			steps = append(steps, Step{c, ActPlace})
		}
	}
	for _, c := range all {
		if c.Op == record.OpPut || c.Op == record.OpSymlink {
			steps = append(steps, Step{c, ActPlace})
		}
	}
	for _, c := range slices.Backward(all) {
		if !c.Exists() && !s.inTheWay(c) {
			steps = append(steps, Step{c, ActRemove})
		}
	}
	for _, c := range slices.Backward(all) {
		if setsModeLast(c) {
			steps = append(steps, Step{c, ActMode})
		}
	}
	return steps
}

// inTheWay reports whether a removal must come before the placing steps: because
// a directory above it is cleared, or a file or link takes that directory's place.
func (s *Set) inTheWay(c *Change) bool {
	for dir := path.Dir(c.Path); dir != "."; dir = path.Dir(dir) {
		if up := s.changes[dir]; up != nil && (up.Before != AsIs || up.Op == record.OpPut || up.Op == record.OpSymlink) {
			return true
		}
	}
	return false
}

// Free reports whether the step can be executed before, after or in parallel to other
// free steps: it puts a file or link in place.
func (s Step) Free() bool { return s.Act == ActPlace && s.Op != record.OpMkdir }

// setsModeLast reports whether the mode is set in a step of its own: a directory
// that files could not be put into if it had its mode from the start, and a
// linked file, which until it is in place may be visible under its old name.
func setsModeLast(c *Change) bool {
	return c.Op == record.OpChmod ||
		c.Op == record.OpMkdir && c.Mode&0o300 != 0o300 ||
		c.Op == record.OpPut && c.Payload.Kind == record.PayloadLinked
}
