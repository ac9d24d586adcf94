package fsx

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Preallocate allocates the blocks of a new file before it is written. On ext4 a rename
// of it to an existing name then costs a fifth: with the mount option auto_da_alloc,
// the default, such a rename allocates and writes blocks that are not allocated yet,
// and that write competes with the log's. A full disk is reported here.
func Preallocate(f *os.File, size int64) error {
	if size == 0 {
		return nil
	}
	err := Retry(func() error { return unix.Fallocate(int(f.Fd()), 0, 0, size) })
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return nil // a file without extents
	}
	return os.NewSyscallError("fallocate", err)
}

// PreallocateHelps reports whether [Preallocate] is worth its cost on the file system
// of the open file.
func PreallocateHelps(f *os.File) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &st) == nil && st.Type == unix.EXT4_SUPER_MAGIC
}
