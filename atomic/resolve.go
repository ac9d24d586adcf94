package atomic

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/forewrite/forewrite/internal/fsx"
)

// maxSymlinks is where Linux gives up, too.
const maxSymlinks = 40

// resolve finds the path that shall be replaced, and what is there now: nil when
// there is nothing.
func (c *config) resolve(name string) (path string, old fs.FileInfo, err error) {
	path = name
	for hops := 0; hops <= maxSymlinks; hops++ {
		if _, base := split(path); base == "" {
			return "", nil, fmt.Errorf("%w: no file name", fs.ErrInvalid)
		}
		old, err = c.tree.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && hops > 0:
			return "", nil, fmt.Errorf("%w: %w", ErrDangling, err)
		case errors.Is(err, fs.ErrNotExist):
			return path, nil, nil
		case err != nil:
			return "", nil, err
		case old.Mode()&fs.ModeSymlink == 0 || c.symlink == replaceSymlink:
			return path, old, c.acceptable(old)
		case c.symlink == rejectSymlink:
			return "", nil, ErrSymlink
		}
		link, err := c.tree.Readlink(path)
		if err != nil {
			return "", nil, err
		}
		if filepath.IsAbs(link) {
			path = link
		} else {
			path = beside(path, link)
		}
	}
	return "", nil, &fs.PathError{Op: "readlink", Path: name, Err: syscall.ELOOP}
}

// acceptable refuses to replace what is no file, or not one alone.
func (c *config) acceptable(old fs.FileInfo) error {
	kind := old.Mode().Type()
	if kind == fs.ModeSymlink && c.symlink == replaceSymlink {
		return nil
	}
	if kind != 0 {
		return notRegular(kind)
	}
	if n, ok := fsx.Nlink(old); ok && n > 1 && c.rejectLinks {
		return ErrHardLink
	}
	return nil
}

func notRegular(kind fs.FileMode) error {
	if kind.IsDir() {
		return fmt.Errorf("%w: %w", ErrNotRegular, syscall.EISDIR)
	}
	return fmt.Errorf("%w: %s", ErrNotRegular, kind)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
