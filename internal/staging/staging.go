// Package staging works in the staging directory of a journal: temporary files on
// their way into place, payloads that the log names, old versions that snapshots
// need, and trees on their way out. It is on the same file system as the tree, so
// that a rename puts a file into place or takes a tree out of it.
//
// Every name is used once. What a crash leaves there is removed by the next recovery.
package staging

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
)

// Dir is an opened staging directory. Its methods may be called by several goroutines
// at once.
type Dir struct {
	Root *os.Root // the directory itself

	layout      *layout.Dir // its Root is the tree, where files come from and go to
	handle      *os.File    // to rename by, without a walk through the tree
	preallocate bool        // it is faster on this file system

	prefix string // of the names made in this session
	count  atomic.Uint64
}

// Open opens the staging directory of a journal.
func Open(dir *layout.Dir) (*Dir, error) {
	s := &Dir{layout: dir, prefix: rand.Text()[:8]}
	var err error
	if s.Root, err = dir.Home.OpenRoot(layout.StagingDir); err != nil {
		return nil, err
	}
	if s.handle, err = s.Root.Open("."); err != nil {
		return nil, errors.Join(err, s.Root.Close())
	}
	s.preallocate = fsx.PreallocateHelps(s.handle)
	return s, nil
}

// Close releases the directory.
func (s *Dir) Close() error { return errors.Join(s.handle.Close(), s.Root.Close()) }

// NewName returns a name that nothing in staging has or will have.
func (s *Dir) NewName() string {
	return s.prefix + "-" + strconv.FormatUint(s.count.Add(1), 10)
}

// Path returns where name is, below the root of the tree.
func (s *Dir) Path(name string) string { return s.layout.Staging(name) }

// Create makes a new file with this mode.
func (s *Dir) Create(name string, mode fs.FileMode) (*os.File, error) {
	return fsx.OpenAt(s.handle, name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
}

// Reserve takes size bytes on the disk for an empty file where that makes putting it
// into place faster. A full disk shows here.
func (s *Dir) Reserve(file *os.File, size int64) error {
	if !s.preallocate {
		return nil
	}
	return fsx.Preallocate(file, size)
}

// Open opens a file for reading.
func (s *Dir) Open(name string) (*os.File, error) {
	return s.Root.OpenFile(name, os.O_RDONLY|fsx.NonBlocking, 0)
}

// Remove removes what has this name, with all that it holds. A leftover is removed by
// the next recovery, so callers that can't do anything about an error ignore it.
func (s *Dir) Remove(name string) error { return s.Root.RemoveAll(name) }

// MoveOut renames a file, link or directory in staging to base in the opened directory
// dir. The rename is by handles: it changes the directory that was opened, whatever its
// path leads to by now.
func (s *Dir) MoveOut(name string, dir *os.File, base string) error {
	return fsx.Rename(s.handle, name, dir, base)
}

// MoveIn moves what is at p in the tree to staging, in one rename, and returns its name
// there.
func (s *Dir) MoveIn(p string) (name string, err error) {
	name = s.NewName()
	return name, s.layout.Root.Rename(p, s.Path(name))
}

// Sync makes the names in staging durable.
func (s *Dir) Sync() error { return fsx.SyncDirFile(s.handle) }
