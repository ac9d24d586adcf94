package fsx

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// NoXattrs reports, without opening it, that the file at path has no extended
// attributes and dst has none either, so that [CopyMeta] would have none to copy.
// False also means that it is not known.
func NoXattrs(dst *os.File, path string) bool {
	n, err := unix.Llistxattr(path, nil)
	return err == nil && n == 0 && hasNoXattrs(dst)
}

// NoXattrsAt is [NoXattrs] for a name, without a slash in it, in the open directory. It
// is false on a kernel before Linux 6.13.
func NoXattrsAt(dst, dir *os.File, name string) bool {
	p, err := unix.BytePtrFromString(name)
	if err != nil {
		return false
	}
	n, _, errno := unix.Syscall6(unix.SYS_LISTXATTRAT, dir.Fd(), uintptr(unsafe.Pointer(p)),
		unix.AT_SYMLINK_NOFOLLOW, 0, 0, 0)
	return errno == 0 && n == 0 && hasNoXattrs(dst)
}

func hasNoXattrs(f *os.File) bool {
	n, err := unix.Flistxattr(int(f.Fd()), nil)
	return err == nil && n == 0
}
