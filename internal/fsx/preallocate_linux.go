package fsx

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Preallocate gives a new file its blocks before it is written, on ext4. A rename
// over another file then costs a fifth: ext4 writes the blocks of a file at once
// that replaces another one, unless it has them already (its mount option
// auto_da_alloc), and that write would compete with the log's. Elsewhere it does
// nothing. A full disk shows here.
func Preallocate(f *os.File, size int64) error {
	if size == 0 {
		return nil
	}
	err := Retry(func() error { return unix.Fallocate(int(f.Fd()), 0, 0, size) })
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return nil // files without extents; they are written as they are
	}
	return os.NewSyscallError("fallocate", err)
}

// PreallocateHelps reports whether the file system of the opened file is one on
// which Preallocate pays.
func PreallocateHelps(f *os.File) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &st) == nil && st.Type == unix.EXT4_SUPER_MAGIC
}
