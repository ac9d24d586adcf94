package apply

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"sync/atomic"
	"syscall"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// Files takes steps in a tree. Everything it touches lies beneath Root; temporary
// files are made in the staging directory of the journal, which is on the same
// file system, so that a rename puts them in place.
//
// Its methods may be called by several goroutines at once; whether that makes
// sense for the paths in question is the caller's business.
type Files struct {
	Root    *os.Root
	Staging *os.Root

	rootDir    *os.File // handles to rename by, without a walk through the tree
	stagingDir *os.File

	preallocate bool // it pays on this file system

	staging string // path of Staging beneath Root
	prefix  string // of the names made in this session
	count   atomic.Uint64
}

// NewFiles returns Files for the tree root, whose journal directory is dir, a
// slash-separated path beneath the root. Close it to release the staging
// directory; the root stays open.
func NewFiles(root *os.Root, dir string) (*Files, error) {
	f := &Files{Root: root, staging: path.Join(dir, "staging"), prefix: rand.Text()[:8]}
	var err error
	if f.Staging, err = root.OpenRoot(f.staging); err != nil {
		return nil, err
	}
	if f.stagingDir, err = f.Staging.Open("."); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if f.rootDir, err = root.Open("."); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	f.preallocate = fsx.PreallocateHelps(f.stagingDir)
	return f, nil
}

// Close releases the staging directory.
func (f *Files) Close() error {
	err := f.Staging.Close()
	for _, dir := range []*os.File{f.stagingDir, f.rootDir} {
		if dir != nil {
			err = errors.Join(err, dir.Close())
		}
	}
	return err
}

// Dir returns a handle to the directory at p, and what to do with it at the end.
func (f *Files) Dir(p string) (dir *os.File, done func() error, err error) {
	if p == "." {
		return f.rootDir, func() error { return nil }, nil
	}
	dir, err = f.Root.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
	if err != nil {
		return nil, nil, err
	}
	return dir, dir.Close, nil
}

// Look says what lies at p, but for its times; see [fsx.Info] for why.
func (f *Files) Look(p string) (fsx.Info, error) {
	dir, done, err := f.Dir(path.Dir(p))
	if err != nil {
		return fsx.Info{}, err
	}
	defer done()
	return fsx.StatAt(dir, path.Base(p))
}

// putInPlace renames a file in staging onto its path. The rename is by handles:
// the directory that was opened beneath the root is the one that is changed.
func (f *Files) putInPlace(temp, p string) error {
	dir, done, err := f.Dir(path.Dir(p))
	if err != nil {
		return err
	}
	err = fsx.Rename(f.stagingDir, temp, dir, path.Base(p))
	if err != nil {
		err = &fs.PathError{Op: "rename", Path: p, Err: fsx.Underlying(err)}
	}
	return errors.Join(err, done())
}

// SyncStaging makes the names in staging durable.
func (f *Files) SyncStaging() error { return fsx.SyncDirFile(f.stagingDir) }

// NewName returns a name for a file in staging that nobody else uses.
func (f *Files) NewName() string {
	return f.prefix + "-" + strconv.FormatUint(f.count.Add(1), 10)
}

// Take takes one step. What shall be placed must have been prepared. Errors are
// those of the operating system, with the operation and the path in them.
func (f *Files) Take(s Step) error {
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

// Moot reports whether the step has nothing to do because a symbolic link stands
// above its path. What shall go is not there then: the path has no links in it,
// and where the link is, a directory is still to be made or was removed. What the
// link leads to is none of the step's business.
func (f *Files) Moot(s Step) bool {
	if s.Act != ActClear && s.Act != ActRemove {
		return false
	}
	for dir := path.Dir(s.Path); dir != "."; dir = path.Dir(dir) {
		e, err := f.Look(dir)
		if err == nil && e.Mode&fs.ModeSymlink != 0 {
			return true
		}
	}
	return false
}

// clear makes room for a change that needs it, or takes away what lies in a
// directory that has to go.
func (f *Files) clear(c *Change) error {
	if !c.Exists() {
		return f.remove(c)
	}
	if c.Before == RemovedAll {
		return f.removeAll(c.Path)
	}
	e, err := f.Look(c.Path)
	if fsx.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if e.Mode.IsDir() == (c.Op == record.OpMkdir) {
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

// removeAll takes the tree away in one rename, so that nobody sees half of it,
// and deletes it in staging. A crash in between leaves it there, and recovery
// empties staging.
func (f *Files) removeAll(p string) error {
	trash := f.NewName()
	err := f.Root.Rename(p, path.Join(f.staging, trash))
	switch {
	case fsx.IsNotExist(err):
		return nil
	case errors.Is(err, syscall.EXDEV), errors.Is(err, syscall.EBUSY):
		return f.Root.RemoveAll(p)
	case err != nil:
		return err
	}
	return f.Staging.RemoveAll(trash)
}

// place renames what was prepared onto its path. A crash before the rename is
// durable leaves the old version, and the log has the new one.
func (f *Files) place(c *Change) error {
	if c.Temp == "" {
		return fmt.Errorf("place %s: not prepared", c.Path)
	}
	if c.Op == record.OpMkdir {
		return f.placeDir(c)
	}
	if err := f.putInPlace(c.Temp, c.Path); err != nil {
		return err
	}
	if c.Payload.Kind == record.PayloadLinked || c.Payload.Kind == record.PayloadStaged {
		// A rename onto another link of the same file does nothing and leaves
		// both names: it was placed before.
		return fsx.IgnoreNotExist(f.Staging.Remove(c.Temp))
	}
	return nil
}

func (f *Files) placeDir(c *Change) error {
	e, err := f.Look(c.Path)
	if err == nil && e.Mode.IsDir() { // made before, or by somebody else
		if err := fsx.IgnoreNotExist(f.Staging.Remove(c.Temp)); err != nil {
			return err
		}
		return f.setMode(c.Path, c.Mode|0o300)
	}
	if err != nil && !fsx.IsNotExist(err) {
		return err
	}
	return f.putInPlace(c.Temp, c.Path)
}

// setMode changes the mode if it is not right yet. A path that is gone, or became
// a symbolic link, has no mode to set.
func (f *Files) setMode(p string, mode fs.FileMode) error {
	e, err := f.Look(p)
	if fsx.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if e.Mode&fs.ModeSymlink != 0 || e.Mode&fsx.ModeMask == mode {
		return nil
	}
	return f.Root.Chmod(p, mode)
}
