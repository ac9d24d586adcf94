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
// made after it.
type places struct {
	tree *tree
	dirs map[string]error // directories looked at
}

// check reports why the change could not be made where it shall be.
func (pl *places) check(c *apply.Change) error {
	if c.Op == record.OpChmod {
		return nil // checked when it was asked for
	}
	if err := pl.checkDir(path.Dir(c.Path)); err != nil {
		return fmt.Errorf("%s %s: %w", c.Op, c.Path, err)
	}
	if c.Op == record.OpRemoveAll || c.Before == apply.RemovedAll {
		if err := pl.checkTree(c.Path); err != nil {
			return fmt.Errorf("%s %s: %w", c.Op, c.Path, err)
		}
	}
	if len(path.Base(c.Path)) > 200 { // close enough to the limit to ask
		return pl.checkName(path.Base(c.Path))
	}
	return nil
}

// checkName asks the file system whether it takes the name at all, also where the
// directory for it is not made yet.
func (pl *places) checkName(name string) error {
	_, err := pl.tree.j.files.Staging.Lstat(name)
	if isGone(err) {
		return nil
	}
	return err
}

// checkDir reports why entries of the directory can't be changed. One that is not
// on disk yet is going to be the transaction's or a pending one's, and writable.
func (pl *places) checkDir(dir string) error {
	if err, known := pl.dirs[dir]; known {
		return err
	}
	err := pl.lookAtDir(dir)
	if pl.dirs == nil {
		pl.dirs = make(map[string]error)
	}
	pl.dirs[dir] = err
	return err
}

func (pl *places) lookAtDir(dir string) error {
	file, err := pl.tree.j.root.OpenFile(dir, os.O_RDONLY|openNoWait, 0)
	if isGone(err) {
		return nil
	}
	if err != nil {
		return cause(err)
	}
	defer file.Close()
	fi, err := file.Stat()
	if err != nil {
		return cause(err)
	}
	if !fi.IsDir() {
		return nil // another change makes it one
	}
	if dev, ok := fsx.Device(fi); ok && dev != pl.tree.j.device {
		return fmt.Errorf("%s is on another file system than the journal: %w", dir, errCrossDevice)
	}
	return fsx.CheckWritable(file)
}

// checkTree does it for a tree that shall go.
func (pl *places) checkTree(dir string) error {
	fi, err := pl.tree.j.root.Lstat(dir)
	if isGone(err) || err == nil && !fi.IsDir() {
		return nil
	}
	if err != nil {
		return cause(err)
	}
	return fs.WalkDir(pl.tree.j.root.FS(), dir, func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return cause(err)
		}
		if d.IsDir() {
			return pl.checkDir(p)
		}
		return nil
	})
}

// errCrossDevice: a rename can't put a file there in one step.
var errCrossDevice error = syscall.EXDEV
