package fsx

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// CheckReplaceable returns, before it is tried, the error with which the entry that
// [StatAt] found in the open directory could not be replaced or removed: EBUSY for a
// mount point, EPERM for an immutable or append-only file and for another user's file
// in a sticky directory.
func CheckReplaceable(dir *os.File, e Info) error {
	if e.Immovable != nil {
		return e.Immovable
	}
	return checkSticky(dir, int(e.UID))
}

func checkSticky(dir *os.File, owner int) error {
	me := os.Geteuid()
	if me == 0 || owner == me {
		return nil
	}
	d, err := StatFile(dir)
	if err != nil {
		return err
	}
	if d.Mode&fs.ModeSticky != 0 && int(d.UID) != me {
		return unix.EPERM
	}
	return nil
}

// CheckWritable returns, before it is tried, the error with which entries of the open
// directory could not be made, replaced or removed: no permission, a read-only file
// system, an immutable or append-only directory.
func CheckWritable(dir *os.File) error {
	if err := unix.Faccessat(int(dir.Fd()), ".", unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return err
	}
	var st unix.Statx_t
	if err := unix.Statx(int(dir.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_TYPE, &st); err != nil {
		return nil
	}
	if hasAttr(&st, unix.STATX_ATTR_IMMUTABLE|unix.STATX_ATTR_APPEND) {
		return unix.EPERM
	}
	return nil
}
