package fsx

import (
	"os"

	"golang.org/x/sys/unix"
)

// Plain tells, without opening it, that the file at path has no extended attributes
// and dst has none either, so that [CopyMeta] would have none to copy. False means
// that it is not known.
func Plain(dst *os.File, path string) bool {
	n, err := unix.Llistxattr(path, nil)
	if err != nil || n != 0 {
		return false
	}
	n, err = unix.Flistxattr(int(dst.Fd()), nil)
	return err == nil && n == 0
}
