package fsx

import (
	"os"
	"path/filepath"
)

// Rename renames from, in the open directory fromDir, to to, in toDir. Neither name may
// have a separator in it.
func Rename(fromDir *os.File, from string, toDir *os.File, to string) error {
	return os.Rename(filepath.Join(fromDir.Name(), from), filepath.Join(toDir.Name(), to))
}
