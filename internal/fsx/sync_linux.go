package fsx

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Datasync makes the content of f durable, and of its metadata what is needed to
// read it back (the size, the blocks), but not its times: on a file that is
// overwritten in place it saves the commit of the file system's own journal.
func Datasync(f *os.File) error {
	// EINTR comes before anything was written, so this repeats a call that did not
	// happen; any other failed fsync must never be repeated.
	err := Retry(func() error { return unix.Fdatasync(int(f.Fd())) })
	if err != nil {
		return &os.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
	}
	return nil
}

// SyncFS makes everything durable that was ever written to the file system which
// f is on, by whomever. It does so only where syncfs is known to report an error
// of the writeback (Linux 5.8, and ext2/3/4, xfs or btrfs) and says false
// otherwise; the caller then syncs file by file.
//
// The kernel counts errors from the moment that f was opened: open it before the
// writes that it shall vouch for.
func SyncFS(f *os.File) (supported bool, err error) {
	if !syncfsTells() {
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

// syncfsTells: before Linux 5.8 syncfs returned 0 whatever happened.
var syncfsTells = sync.OnceValue(func() bool {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return false
	}
	return kernelAtLeast(unix.ByteSliceToString(u.Release[:]), 5, 8)
})

// DropCache asks the kernel to forget its clean pages of f, so that the next read
// comes from the disk: after a failed fsync the cache shows what the disk does
// not have. Best effort.
func DropCache(f *os.File) {
	unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
