package atomic

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/forewrite/forewrite/internal/fsx"
)

// maxSymlinks is the limit of Linux, too.
const maxSymlinks = 40

// resolve returns the path to replace, and what is there now: nil when there is
// nothing. The path is not a symbolic link, unless links are to be replaced.
//
// The standard library has no call for this: [filepath.EvalSymlinks] knows no
// [os.Root] and can't tell a link to nothing from a missing directory, and os.Root
// follows links without saying where they lead.
func (c *config) resolve(name string) (path string, old fs.FileInfo, err error) {
	if _, base := split(name); base == "" {
		return "", nil, fmt.Errorf("%w: the name must end in the name of a file", fs.ErrInvalid)
	}
	path = absolute(c.fsys, name)
	for links := 0; links <= maxSymlinks; links++ {
		if _, base := split(path); base == "" {
			return "", nil, fmt.Errorf("%w: the symbolic link leads to %s, which can only be a directory", ErrNotRegular, path)
		}
		old, err = c.fsys.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && links > 0:
			return "", nil, fmt.Errorf("%w: %w", ErrDangling, err)
		case errors.Is(err, fs.ErrNotExist):
			return path, nil, nil
		case err != nil:
			return "", nil, err
		case old.Mode()&fs.ModeSymlink == 0 || c.Symlink == SymlinkReplace:
			return path, old, c.checkReplaceable(old)
		case c.Symlink == SymlinkReject:
			return "", nil, ErrSymlink
		}
		link, err := c.fsys.Readlink(path)
		if err != nil {
			return "", nil, err
		}
		if filepath.IsAbs(link) {
			path = link
		} else {
			path = sibling(path, link)
		}
	}
	return "", nil, &fs.PathError{Op: "readlink", Path: name, Err: syscall.ELOOP}
}

// checkReplaceable refuses what is not a regular file, and what has hard links if
// that is an option.
func (c *config) checkReplaceable(old fs.FileInfo) error {
	kind := old.Mode().Type()
	if kind == fs.ModeSymlink && c.Symlink == SymlinkReplace {
		return nil
	}
	if kind != 0 {
		return notRegular(kind)
	}
	if n, ok := fsx.Nlink(old); ok && n > 1 && c.RejectHardLinks {
		return ErrHardLink
	}
	return nil
}

func notRegular(kind fs.FileMode) error {
	if kind.IsDir() {
		return fmt.Errorf("%w: %w", ErrNotRegular, syscall.EISDIR)
	}
	return fmt.Errorf("%w: %s", ErrNotRegular, fsx.KindOf(kind))
}
