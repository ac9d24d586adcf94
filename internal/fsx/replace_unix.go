//go:build unix && !linux

package fsx

import (
	"os"

	"golang.org/x/sys/unix"
)

// CheckReplaceable says nil where there is no way to ask; the operation will say.
func CheckReplaceable(*os.File, Info) error { return nil }

// CheckWritable reports, before it is tried, why entries of the opened directory
// could not be made, replaced and removed.
func CheckWritable(dir *os.File) error {
	return unix.Faccessat(int(dir.Fd()), ".", unix.W_OK|unix.X_OK, unix.AT_EACCESS)
}
