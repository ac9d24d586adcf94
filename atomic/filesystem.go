package atomic

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// filesystem is what names are relative to: the whole file system, or an [os.Root].
type filesystem interface {
	OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error)
	Lstat(name string) (fs.FileInfo, error)
	Stat(name string) (fs.FileInfo, error)
	Readlink(name string) (string, error)
	Mkdir(name string, perm fs.FileMode) error
	Link(oldname, newname string) error
	Symlink(target, name string) error
	Rename(oldname, newname string) error
	Remove(name string) error
}

var _ filesystem = (*os.Root)(nil)

// hostFS is the whole file system.
type hostFS struct{}

func (hostFS) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(name, flag, perm)
}
func (hostFS) Lstat(name string) (fs.FileInfo, error)    { return os.Lstat(name) }
func (hostFS) Stat(name string) (fs.FileInfo, error)     { return os.Stat(name) }
func (hostFS) Readlink(name string) (string, error)      { return os.Readlink(name) }
func (hostFS) Mkdir(name string, perm fs.FileMode) error { return os.Mkdir(name, perm) }
func (hostFS) Link(oldname, newname string) error        { return os.Link(oldname, newname) }
func (hostFS) Symlink(target, name string) error         { return os.Symlink(target, name) }
func (hostFS) Rename(oldname, newname string) error      { return rename(oldname, newname) }
func (hostFS) Remove(name string) error                  { return os.Remove(name) }

// absolute returns a name that stays valid when the program changes its working
// directory. A name in an [os.Root] does so by itself.
func absolute(fsys filesystem, name string) string {
	if _, ok := fsys.(hostFS); !ok || filepath.IsAbs(name) {
		return name
	}
	wd, err := os.Getwd()
	if err != nil {
		return name
	}
	// A process can have a working directory that it can't reach by its path, because
	// it may not search a directory above.
	if _, err := os.Stat(wd); err != nil {
		return name
	}
	return joinUncleaned(wd, name)
}

// split returns the directory and the base of a path without cleaning it: the ".."
// of a/link/../b is the parent of the directory that the link leads to.
func split(path string) (dir, base string) {
	dir, base = filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	return dir, base
}

// sibling returns the path of another name in the directory of path.
func sibling(path, base string) string {
	dir, _ := filepath.Split(path)
	return dir + base
}

func ignoreNotExist(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
