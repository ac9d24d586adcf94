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

// places checks before the commit point that the changes of a transaction can be
// made after it. Close it at the end.
type places struct {
	j    *Journal
	own  *apply.Set // the transaction's changes
	name string     // of the directory that was looked at last: changes come in the order of their paths
	dir  *os.File   // that directory; nil if it is not on disk
	err  error      // why nothing can be changed in it
	done func() error
}

func (pl *places) close() {
	if pl.done != nil {
		pl.done() // it was only read
	}
}

// check reports why the change could not be made where it shall be, and what is there
// on disk, if anything is.
func (pl *places) check(c *apply.Change) (*fsx.Info, error) {
	if c.Op == record.OpChmod {
		return nil, nil // checked when it was asked for
	}
	there, err := pl.checkEntry(c.Path)
	if err == nil && pl.dir != nil && (c.Op == record.OpRemoveAll || c.Before == apply.RemovedAll) {
		err = pl.checkTree(c.Path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", c.Op, c.Path, err)
	}
	return there, nil
}

// checkEntry reports why the directory entry p could not be made, replaced or
// removed, and what it is.
func (pl *places) checkEntry(p string) (*fsx.Info, error) {
	base := path.Base(p)
	if err := pl.look(path.Dir(p)); err != nil {
		return nil, err
	}
	if pl.dir != nil {
		e, err := fsx.StatAt(pl.dir, base)
		if err != nil {
			return nil, nil // nothing there, or not known: then the operation will say
		}
		return &e, fsx.CheckReplaceable(pl.dir, e)
	}
	// The directory is not made yet: does the file system take the name at all?
	_, err := pl.j.files.Staging.Lstat(base)
	if fsx.IsNotExist(err) {
		return nil, nil
	}
	return nil, fsx.Underlying(err)
}

// look opens the directory, unless it was the last one, and reports why its
// entries can't be changed. One that is not on disk is going to be made by this
// transaction or a pending one, and will be writable.
func (pl *places) look(name string) error {
	if name == pl.name {
		return pl.err
	}
	pl.close()
	pl.name, pl.dir, pl.done, pl.err = name, nil, nil, nil
	if pl.toBeMade(name) {
		return nil
	}
	dir, done, err := pl.j.files.Dir(name)
	if fsx.IsNotExist(err) {
		return nil
	}
	if err != nil {
		pl.err = fsx.Underlying(err)
		return pl.err
	}
	pl.dir, pl.done = dir, done
	pl.err = pl.checkDir(dir)
	return pl.err
}

// toBeMade reports whether this transaction or a pending one makes the directory.
// Something else may be in its place now.
func (pl *places) toBeMade(dir string) bool {
	if c := pl.own.Get(dir); c != nil {
		return c.Op == record.OpMkdir
	}
	c, _ := pl.j.pending.lookup(dir)
	return c != nil && c.Op == record.OpMkdir
}

func (pl *places) checkDir(dir *os.File) error {
	if pl.name != "." {
		e, err := fsx.StatFile(dir)
		if err != nil {
			return fsx.Underlying(err)
		}
		if !e.Mode.IsDir() {
			pl.dir = nil // another change makes it one
			return nil
		}
		if e.Device != pl.j.device {
			return fmt.Errorf("%s is on another file system than the journal: %w", pl.name, errCrossDevice)
		}
	}
	return fsx.CheckWritable(dir)
}

// checkTree does it for all that lies in a tree that shall go.
func (pl *places) checkTree(dir string) error {
	fi, err := pl.j.root.Lstat(dir)
	if fsx.IsNotExist(err) || err == nil && !fi.IsDir() {
		return nil
	}
	if err != nil {
		return fsx.Underlying(err)
	}
	return fs.WalkDir(pl.j.root.FS(), dir, func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fsx.Underlying(err)
		}
		if d.IsDir() {
			if err := pl.look(p); err != nil { // also an empty one: it is moved
				return err
			}
		}
		_, err = pl.checkEntry(p)
		return err
	})
}

// errCrossDevice: a rename can't put a file there in one step.
var errCrossDevice error = syscall.EXDEV
