package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/fsx"
)

// Open opens a segment's file for reading, or for reading and writing. It fails with
// [ErrNoFile] when there is no file, and with [ErrStray], without opening it, when it
// is not a regular file.
func Open(logDir string, name Name, write bool) (*os.File, error) {
	path := Path(logDir, name)
	before, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoFile
	}
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is a %s", ErrStray, path, fsx.KindOf(before.Mode()))
	}
	flag := os.O_RDONLY
	if write {
		flag = os.O_RDWR
	}
	// If it becomes a named pipe or a symbolic link just now, the open must not wait
	// for the pipe nor follow the link.
	file, err := os.OpenFile(path, flag|fsx.NoFollow|fsx.NonBlocking, 0)
	if err != nil {
		return nil, err
	}
	after, err := file.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = fmt.Errorf("%w: %s was replaced while it was opened", ErrStray, path)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// Path returns the path of a segment's file.
func Path(logDir string, name Name) string {
	return filepath.Join(logDir, name.String(), FileName)
}
