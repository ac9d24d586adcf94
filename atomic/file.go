package atomic

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/forewrite/forewrite/internal/fsx"
)

// File is the new content of a file on its way. Nobody sees any of it until
// [File.Commit]; [File.Close] without a Commit throws it away.
//
// A File must not be used by several goroutines at once.
type File struct {
	cfg  *config
	name string // as given
	path string // what is replaced: name, or where it leads

	parents   *parents
	temp      *os.File
	tempPath  string
	err       error // the first failed write; it sticks
	published bool
	closed    bool
}

// Create begins to replace the file, or to make it with that mode (before umask).
// Nothing happens to the file before [File.Commit]:
//
//	f, err := atomic.Create(name, 0o644)
//	if err != nil {
//		return err
//	}
//	defer f.Close()
//	…
//	return f.Commit()
func Create(name string, perm fs.FileMode, opts ...Option) (*File, error) {
	f, err := create(name, newConfig(perm, opts))
	return f, wrap("create", name, err)
}

func create(name string, c *config) (_ *File, err error) {
	if bad := c.mode &^ chmodBits; bad != 0 {
		return nil, fmt.Errorf("%w: mode %v", fs.ErrInvalid, c.mode)
	}
	f := &File{cfg: c, name: name, parents: &parents{}}
	path, old, err := c.resolve(name)
	if err != nil {
		return nil, err
	}
	f.path = path
	if old != nil && c.noClobber {
		return nil, fs.ErrExist
	}
	if dir, _ := split(path); old == nil && !c.noMkdir {
		if f.parents, err = makeParents(c.tree, dir); err != nil {
			return nil, err
		}
	}
	// An existing file's mode may be stricter than the caller's: until it is
	// copied, nobody else may look.
	perm := c.mode
	if c.exactMode || old != nil && !c.fresh {
		perm = 0o600
	}
	if f.temp, f.tempPath, err = createTemp(c.tree, path, perm); err != nil {
		f.parents.remove()
		return nil, err
	}
	return f, nil
}

// Write appends to the new content, or writes where Seek went.
func (f *File) Write(p []byte) (int, error) {
	if err := f.usable(); err != nil {
		return 0, wrap("write", f.name, err)
	}
	n, err := f.temp.Write(p)
	return n, f.stick(err)
}

// ReadFrom copies everything from r. Where the system can copy from file to file
// by itself, it does.
func (f *File) ReadFrom(r io.Reader) (int64, error) {
	if err := f.usable(); err != nil {
		return 0, wrap("write", f.name, err)
	}
	n, err := f.temp.ReadFrom(r)
	return n, f.stick(err)
}

// Seek sets where the next Write goes, as for [os.File].
func (f *File) Seek(offset int64, whence int) (int64, error) {
	if err := f.usable(); err != nil {
		return 0, wrap("seek", f.name, err)
	}
	n, err := f.temp.Seek(offset, whence)
	return n, wrap("seek", f.name, err)
}

func (f *File) usable() error {
	if f.closed {
		return fs.ErrClosed
	}
	return f.err
}

// stick remembers a failed write, so that a caller who overlooked it can't commit
// half a file.
func (f *File) stick(err error) error {
	if err != nil {
		f.err = err
	}
	return wrap("write", f.name, err)
}

// Commit makes the new content durable and then visible. After an error the file
// is what it was before and the new content is gone, except for [ErrPublished].
// A second Commit fails with fs.ErrClosed.
func (f *File) Commit() error {
	return wrap("write", f.name, f.commit())
}

// commit is this sequence; n is the name, t the temporary file, d the directory:
//
//	lstat n             what is replaced, and may it be?
//	fchown, fsetxattr, fchmod t
//	fsync t             else a power loss could leave n empty or torn: the rename
//	                    may reach the disk before the data does
//	fsync parents       else a power loss could take directories away that are
//	                    new, and n with them
//	open d              what can fail fails before the rename
//	link n, backup      with Backup
//	rename t, n         the commit point for readers, and for a killed process
//	fsync d             else a power loss could bring the old n back after
//	                    success was reported
//
// A crash before the rename leaves n as it was, and t for Sweep.
func (f *File) commit() error {
	if err := f.usable(); err != nil {
		f.discard()
		return err
	}
	defer f.discard()
	old, err := f.current()
	if err != nil {
		return err
	}
	if err := f.takeMetadata(old); err != nil {
		return err
	}
	if f.cfg.noSync {
		if err := flush(f.temp); err != nil {
			return err
		}
		return f.publish(nil)
	}
	if err := f.temp.Sync(); err != nil {
		return err
	}
	if err := f.parents.sync(); err != nil {
		return err
	}
	dirPath, _ := split(f.path)
	dir, err := openDir(f.cfg.tree, dirPath)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := f.publish(dir); err != nil {
		return err
	}
	if err := fsx.SyncDirFile(dir); err != nil {
		return fmt.Errorf("%w: %w", ErrPublished, err)
	}
	return nil
}

// current looks again at what is replaced: much may have happened since Create.
func (f *File) current() (fs.FileInfo, error) {
	old, err := f.cfg.tree.Lstat(f.path)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	return old, f.cfg.acceptable(old)
}

// Close throws the new content away, unless it was committed. It can be called
// again and always deferred; it never publishes anything.
func (f *File) Close() error {
	f.discard()
	return nil
}

// discard ends the File: whatever was not published leaves no trace.
func (f *File) discard() {
	if f.closed {
		return
	}
	f.closed = true
	if !f.published {
		if !renamesOpen {
			f.temp.Close()
		}
		f.cfg.tree.Remove(f.tempPath)
		f.parents.remove()
	}
	f.temp.Close()
}
