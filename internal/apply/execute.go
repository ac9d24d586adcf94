package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"syscall"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// Execute executes one step. What is put in place must have been prepared. Errors are
// those of the operating system, with the operation and the path in them.
func (f *Files) Execute(s Step) error {
	if f.Moot(s) {
		return nil
	}
	switch s.Act {
	case ActClear:
		return f.clear(s.Change)
	case ActPlace:
		return f.place(s.Change)
	case ActRemove:
		return f.remove(s.Change)
	default:
		return f.setMode(s.Path, s.Mode)
	}
}

// Moot reports whether the step has nothing to do because there is a symbolic link
// above its path. The path was resolved and has no links in it, so what the step is
// meant for is not there: where the link is, a directory is still to be made or was
// removed. What the link leads to is none of the step's business.
func (f *Files) Moot(s Step) bool {
	if s.Act != ActClear && s.Act != ActRemove {
		return false
	}
	for dir := path.Dir(s.Path); dir != "."; dir = path.Dir(dir) {
		info, err := f.Stat(dir)
		if err == nil && info.Mode&fs.ModeSymlink != 0 {
			return true
		}
	}
	return false
}

// clear makes room for a change that needs it, or removes what is in a directory that
// has to go.
func (f *Files) clear(c *Change) error {
	if !c.Exists() {
		return f.remove(c)
	}
	if c.Before == RemovedAll {
		return f.removeAll(c.Path)
	}
	info, err := f.Stat(c.Path)
	if fsx.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode.IsDir() == (c.Op == record.OpMkdir) {
		return nil // done before, or a rename replaces it
	}
	return fsx.IgnoreNotExist(f.Root.Remove(c.Path))
}

func (f *Files) remove(c *Change) error {
	if c.Op == record.OpRemoveAll {
		return f.removeAll(c.Path)
	}
	return fsx.IgnoreNotExist(f.Root.Remove(c.Path))
}

// removeAll takes the tree out in one rename, so that nobody sees half of it, and
// deletes it in staging. A crash in between leaves it there, and recovery empties
// staging.
func (f *Files) removeAll(p string) error {
	trash, err := f.Staging.MoveIn(p)
	switch {
	case fsx.IsNotExist(err):
		return nil
	case errors.Is(err, syscall.EXDEV), errors.Is(err, syscall.EBUSY):
		return f.Root.RemoveAll(p)
	case err != nil:
		return err
	}
	return f.Staging.Remove(trash)
}

// place renames what was prepared onto its path. A crash before the rename is durable
// leaves the old version, and the log has the new one.
func (f *Files) place(c *Change) error {
	if c.Temp == "" {
		return fmt.Errorf("place %s: not prepared", c.Path)
	}
	if c.Op == record.OpMkdir {
		return f.placeDir(c)
	}
	if err := f.rename(c.Temp, c.Path); err != nil {
		return err
	}
	if c.Payload.Kind == record.PayloadLinked || c.Payload.Kind == record.PayloadStaged {
		// A rename onto another link of the same file does nothing and leaves
		// both names: it was placed before.
		return f.Staging.Remove(c.Temp)
	}
	return nil
}

// rename puts a file in staging into place.
func (f *Files) rename(temp, p string) error {
	dir, done, err := f.OpenDir(path.Dir(p))
	if err != nil {
		return err
	}
	err = f.Staging.MoveOut(temp, dir, path.Base(p))
	if err != nil {
		err = &fs.PathError{Op: "rename", Path: p, Err: fsx.Underlying(err)}
	}
	return errors.Join(err, done())
}

func (f *Files) placeDir(c *Change) error {
	info, err := f.Stat(c.Path)
	if err == nil && info.Mode.IsDir() { // made before, or by another program
		if err := f.Staging.Remove(c.Temp); err != nil {
			return err
		}
		return f.setMode(c.Path, c.Mode|0o300)
	}
	if err != nil && !fsx.IsNotExist(err) {
		return err
	}
	return f.rename(c.Temp, c.Path)
}

// setMode changes the mode if it is not right yet. A path that is gone, or became a
// symbolic link, has no mode to set.
func (f *Files) setMode(p string, mode fs.FileMode) error {
	info, err := f.Stat(p)
	if fsx.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode&fs.ModeSymlink != 0 || info.Mode&fsx.ModeMask == mode {
		return nil
	}
	return f.Root.Chmod(p, mode)
}
