package atomic

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/forewrite/forewrite/internal/fsx"
)

// File is new content for a file. [File.Commit] publishes the file, [File.Close]
// without Commit discards it; before that no reader sees any of it.
//
// A File must not be used by several goroutines at once.
type File struct {
	cfg  *config
	name string // as given
	path string // what is replaced: name, or the end of its symbolic links

	parents   *parents
	temp      *os.File
	tempPath  string
	err       error // the first failed write, which every later call returns
	published bool
	closed    bool
}

// Create begins a new version of the file. A file that does not exist gets the mode
// perm, less the umask. Nothing happens to the file before [File.Commit]:
//
//	f, err := atomic.Create(name, 0o644, nil)
//	if err != nil {
//		return err
//	}
//	defer f.Close()
//	…
//	return f.Commit()
func Create(name string, perm fs.FileMode, opts *Options) (*File, error) {
	c, err := newConfig(perm, opts)
	if err != nil {
		return nil, wrap("create", name, err)
	}
	f, err := create(name, c)
	return f, wrap("create", name, err)
}

func create(name string, c *config) (_ *File, err error) {
	f := &File{cfg: c, name: name, parents: &parents{}}
	path, old, err := c.resolve(name)
	if err != nil {
		return nil, err
	}
	f.path = path
	if old != nil && c.NoClobber {
		return nil, fs.ErrExist
	}
	if dir, _ := split(path); old == nil && !c.NoMkdir {
		if f.parents, err = makeParents(c.fsys, dir); err != nil {
			return nil, err
		}
	}
	// The mode of an existing file may be stricter than perm: until it is copied,
	// only the owner may read the new content.
	perm := c.perm
	if c.exact || old != nil && !c.FreshMetadata {
		perm = 0o600
	}
	if f.temp, f.tempPath, err = createTemp(c.fsys, path, perm); err != nil {
		f.parents.remove()
		return nil, err
	}
	return f, nil
}

// Write writes to the new content, at its end or where Seek moved to. After a
// failed write every later Write, ReadFrom and Commit fails as well, so that half a
// file can't be published by mistake.
func (f *File) Write(p []byte) (int, error) {
	if err := f.usable(); err != nil {
		return 0, wrap("write", f.name, err)
	}
	n, err := f.temp.Write(p)
	return n, f.fail(err)
}

// ReadFrom writes what r holds. Where the system can copy from file to file by
// itself, it does.
func (f *File) ReadFrom(r io.Reader) (int64, error) {
	if err := f.usable(); err != nil {
		return 0, wrap("write", f.name, err)
	}
	n, err := f.temp.ReadFrom(r)
	return n, f.fail(err)
}

// Seek sets the offset of the next Write or ReadFrom, as that of [os.File] does.
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

// fail records the error of a failed write.
func (f *File) fail(err error) error {
	if err != nil {
		f.err = err
	}
	return wrap("write", f.name, err)
}

// Commit publishes the file: it makes the new content durable and then visible.
// After an error the file is unchanged and the new content is discarded; see
// [ErrPublished] for the exceptions. A second Commit is fs.ErrClosed.
func (f *File) Commit() error {
	return wrap("write", f.name, f.commit())
}

// commit is this sequence; n is the name, t the temporary file, d the directory:
//
//	lstat n             may what is there now be replaced?
//	fchown, fsetxattr, fchmod t
//	fsync t             without it a power loss could leave n empty or torn: the
//	                    rename may reach the disk before the data does
//	fsync parents       without it a power loss could remove new directories, and
//	                    n with them
//	open d              what can fail fails before the rename
//	link n, backup      with Backup
//	rename t, n         the commit point for readers, and for a killed process
//	fsync d             without it a power loss could bring the old n back after
//	                    success was reported
//
// A crash before the rename leaves n unchanged, and t for [RemoveStaleTemp].
func (f *File) commit() error {
	if err := f.usable(); err != nil {
		f.end()
		return err
	}
	defer f.end()
	old, err := f.current()
	if err != nil {
		return err
	}
	if err := f.setMetadata(old); err != nil {
		return err
	}
	if f.cfg.NoSync {
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
	dir, err := openDir(f.cfg.fsys, dirPath)
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

// current returns what is at the path now: it may have changed since Create.
func (f *File) current() (fs.FileInfo, error) {
	old, err := f.cfg.fsys.Lstat(f.path)
	if err != nil {
		return nil, ignoreNotExist(err)
	}
	return old, f.cfg.checkReplaceable(old)
}

// Close discards the file, unless it was committed. It can be called more than once
// and always be deferred. Its error is nil.
func (f *File) Close() error {
	f.end()
	return nil
}

// end removes what was not published.
func (f *File) end() {
	if f.closed {
		return
	}
	f.closed = true
	if !f.published {
		if !canRenameOpen {
			f.temp.Close()
		}
		f.cfg.fsys.Remove(f.tempPath)
		f.parents.remove()
	}
	f.temp.Close()
}
