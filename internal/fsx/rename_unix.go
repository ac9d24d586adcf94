//go:build unix

package fsx

import (
	"os"

	"golang.org/x/sys/unix"
)

// Rename renames from, in the open directory fromDir, to to, in toDir. Neither name may
// have a slash in it.
func Rename(fromDir *os.File, from string, toDir *os.File, to string) error {
	err := Retry(func() error { return unix.Renameat(int(fromDir.Fd()), from, int(toDir.Fd()), to) })
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}
