package fsx

import (
	"io/fs"
	"os"
	"path/filepath"
)

// OpenAt opens name, without a separator in it, in the open directory.
func OpenAt(dir *os.File, name string, flag int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir.Name(), name), flag, perm)
}
