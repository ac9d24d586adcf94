//go:build unix && !linux

package fsx

import (
	"os"

	"golang.org/x/sys/unix"
)

// CheckReplaceable returns nil: only the operation itself finds out.
func CheckReplaceable(*os.File, Info) error { return nil }

// CheckWritable returns, before it is tried, the error with which entries of the open
// directory could not be made, replaced or removed.
func CheckWritable(dir *os.File) error {
	return unix.Faccessat(int(dir.Fd()), ".", unix.W_OK|unix.X_OK, unix.AT_EACCESS)
}
