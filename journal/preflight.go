package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// preflight checks before the commit point that changes can be made after it.
type preflight struct {
	owner *owner
	own   *apply.Set // the transaction's changes

	// The directory that was checked last: changes come in the order of their paths.
	name string
	dir  *os.File // nil if it is not on disk
	err  error    // why nothing can be changed in it
	done func() error
}

// preflight checks the changes and returns what each takes over from.
func (tx *Tx) preflight(changes []*apply.Change) ([]apply.Predecessor, error) {
	f := preflight{owner: tx.owner, own: &tx.set}
	defer f.close()
	from := make([]apply.Predecessor, len(changes))
	for i, c := range changes {
		// Before the disk: a change in flight may be put into place in between, and
		// is then found there.
		inFlight, gone := tx.owner.inFlight.Lookup(c.Path)
		if gone {
			inFlight = nil
		}
		found, err := f.check(c)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", c.Op, c.Path, err)
		}
		from[i] = apply.PredecessorOf(c, inFlight, found)
	}
	return from, nil
}

func (f *preflight) close() {
	if f.done != nil {
		f.done() // it was only read
	}
}

// check returns why the change could not be made, and what is at its path on disk.
func (f *preflight) check(c *apply.Change) (*fsx.Info, error) {
	if c.Op == record.OpChmod {
		return nil, nil // checked by Tx.Chmod
	}
	found, err := f.checkEntry(c.Path)
	if err == nil && f.dir != nil && (c.Op == record.OpRemoveAll || c.Before == apply.RemovedAll) {
		err = f.checkTree(c.Path)
	}
	return found, err
}

// checkEntry returns why the directory entry p could not be made, replaced or removed,
// and what it is.
func (f *preflight) checkEntry(p string) (*fsx.Info, error) {
	base := path.Base(p)
	if err := f.enter(path.Dir(p)); err != nil {
		return nil, err
	}
	if f.dir != nil {
		info, err := fsx.StatAt(f.dir, base)
		if err != nil {
			return nil, nil // nothing is there, or it is not known: then the operation reports it
		}
		return &info, fsx.CheckReplaceable(f.dir, info)
	}
	// The directory is not made yet: does the file system accept the name at all?
	_, err := f.owner.files.Staging.Root.Lstat(base)
	return nil, fsx.Underlying(fsx.IgnoreNotExist(err))
}

// enter opens the directory, unless it was the last one, and returns why its entries
// can't be changed. One that is not on disk will be made by this transaction or one in
// flight, and will be writable.
func (f *preflight) enter(name string) error {
	if name == f.name {
		return f.err
	}
	f.close()
	f.name, f.dir, f.done, f.err = name, nil, nil, nil
	if f.willBeMade(name) {
		return nil
	}
	dir, done, err := f.owner.files.OpenDir(name)
	if fsx.IsNotExist(err) {
		return nil
	}
	if err != nil {
		f.err = fsx.Underlying(err)
		return f.err
	}
	f.dir, f.done = dir, done
	f.err = f.checkDir(dir)
	return f.err
}

// willBeMade reports whether this transaction or one in flight makes the directory.
// Something else may be at its path now.
func (f *preflight) willBeMade(dir string) bool {
	if c := f.own.Get(dir); c != nil {
		return c.Op == record.OpMkdir
	}
	c, _ := f.owner.inFlight.Lookup(dir)
	return c != nil && c.Op == record.OpMkdir
}

func (f *preflight) checkDir(dir *os.File) error {
	if f.name != "." {
		info, err := fsx.StatFile(dir)
		if err != nil {
			return fsx.Underlying(err)
		}
		if !info.Mode.IsDir() {
			f.dir = nil // another change makes it one
			return nil
		}
		if info.Device != f.owner.device {
			return fmt.Errorf("%s is on another file system than the journal, where a rename does not reach it: %w", f.name, syscall.EXDEV)
		}
	}
	if err := fsx.CheckWritable(dir); err != nil {
		return fmt.Errorf("directory %s is not writable: %w", f.name, fsx.Underlying(err))
	}
	return nil
}

// checkTree checks everything in a tree that is going to be removed.
func (f *preflight) checkTree(dir string) error {
	fi, err := f.owner.files.Root.Lstat(dir)
	if fsx.IsNotExist(err) || err == nil && !fi.IsDir() {
		return nil
	}
	if err != nil {
		return fsx.Underlying(err)
	}
	return fs.WalkDir(f.owner.files.Root.FS(), dir, func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fsx.Underlying(err)
		}
		if d.IsDir() {
			if err := f.enter(p); err != nil { // also an empty one: it is moved
				return err
			}
		}
		_, err = f.checkEntry(p)
		return err
	})
}
