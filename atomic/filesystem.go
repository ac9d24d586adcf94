package atomic

import (
	"io/fs"
	"os"
	"path/filepath"
)

// tree is where names lead: the whole file system, or an [os.Root].
type tree interface {
	OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error)
	Lstat(name string) (fs.FileInfo, error)
	Stat(name string) (fs.FileInfo, error)
	Readlink(name string) (string, error)
	Mkdir(name string, perm fs.FileMode) error
	Link(oldname, newname string) error
	Rename(oldname, newname string) error
	Remove(name string) error
}

var _ tree = (*os.Root)(nil)

// host is the whole file system.
type host struct{}

func (host) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(name, flag, perm)
}
func (host) Lstat(name string) (fs.FileInfo, error)    { return os.Lstat(name) }
func (host) Stat(name string) (fs.FileInfo, error)     { return os.Stat(name) }
func (host) Readlink(name string) (string, error)      { return os.Readlink(name) }
func (host) Mkdir(name string, perm fs.FileMode) error { return os.Mkdir(name, perm) }
func (host) Link(oldname, newname string) error        { return os.Link(oldname, newname) }
func (host) Rename(oldname, newname string) error      { return rename(oldname, newname) }
func (host) Remove(name string) error                  { return os.Remove(name) }

// split cuts a path into directory and name without cleaning it: in a/link/../b
// the dots belong to where the link leads, so dropping the two would be wrong.
func split(path string) (dir, base string) {
	dir, base = filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	return dir, base
}

// beside is the path of another name in the directory of path.
func beside(path, base string) string {
	dir, _ := filepath.Split(path)
	return dir + base
}
