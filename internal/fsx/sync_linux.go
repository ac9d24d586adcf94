package fsx

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Datasync makes the content of f durable, with the metadata that is needed to read it
// (the size, the blocks), but not its times: for a file that is overwritten in place
// that saves a commit of the file system's journal.
func Datasync(f *os.File) error {
	// EINTR means that nothing was written yet. After any other error an fsync must
	// never be repeated.
	err := Retry(func() error { return unix.Fdatasync(int(f.Fd())) })
	if err != nil {
		return &os.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
	}
	return nil
}

// SyncFS makes everything durable that any process has written to the file system of f.
// It does so only where syncfs is known to report writeback errors (Linux 5.8 or newer,
// and ext2/3/4, xfs or btrfs). Elsewhere it returns false, and the caller has to sync
// file by file.
//
// The kernel reports errors since f was opened: f must be opened before the writes.
func SyncFS(f *os.File) (supported bool, err error) {
	if !syncfsReports() {
		return false, nil
	}
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return false, nil
	}
	switch uint32(st.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC:
	default:
		return false, nil
	}
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return true, &os.PathError{Op: "syncfs", Path: f.Name(), Err: err}
	}
	return true, nil
}

// syncfsReports: before Linux 5.8 syncfs returned 0 even after a writeback error.
var syncfsReports = sync.OnceValue(func() bool {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return false
	}
	return kernelAtLeast(unix.ByteSliceToString(u.Release[:]), 5, 8)
})

// DropCache asks the kernel to drop its clean pages of f, so that the next read comes
// from the disk: after a failed fsync the cache has what the disk does not. It is best
// effort.
func DropCache(f *os.File) {
	unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
