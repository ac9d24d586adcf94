package apply

import (
	"errors"
	"os"
	"path"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/staging"
)

// Files is a tree of files in which steps are executed. What it puts into place was
// prepared in staging.
//
// Its methods may be called by several goroutines at once; that the paths in question
// allow it is the caller's responsibility.
type Files struct {
	Root    *os.Root
	Staging *staging.Dir

	handle *os.File // of the root, to rename by without a walk through the tree
}

// NewFiles opens staging for the tree of dir. Close it; dir stays open.
func NewFiles(dir *layout.Dir) (*Files, error) {
	stage, err := staging.Open(dir)
	if err != nil {
		return nil, err
	}
	f := &Files{Root: dir.Root, Staging: stage}
	if f.handle, err = dir.Root.Open("."); err != nil {
		return nil, errors.Join(err, stage.Close())
	}
	return f, nil
}

// Close releases staging.
func (f *Files) Close() error { return errors.Join(f.Staging.Close(), f.handle.Close()) }

// OpenDir opens the directory at p. Call done at the end.
func (f *Files) OpenDir(p string) (dir *os.File, done func() error, err error) {
	if p == "." {
		return f.handle, func() error { return nil }, nil
	}
	dir, err = f.Root.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
	if err != nil {
		return nil, nil, err
	}
	return dir, dir.Close, nil
}

// Stat describes what is at p, without its times; see [fsx.Info] for why. A symbolic
// link is not followed.
func (f *Files) Stat(p string) (fsx.Info, error) {
	dir, done, err := f.OpenDir(path.Dir(p))
	if err != nil {
		return fsx.Info{}, err
	}
	defer done()
	return fsx.StatAt(dir, path.Base(p))
}
