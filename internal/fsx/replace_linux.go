package fsx

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// CheckEntry reports, before it is tried, why the entry name of the opened
// directory could not be replaced or removed: it is a mount point of its own
// (EBUSY, as in a container that mounts single files), it is immutable or
// append-only, or somebody else's in a sticky directory (EPERM). That nothing is
// there is no error. An older kernel than Linux 5.8 does not tell mount points.
func CheckEntry(dir *os.File, name string) error {
	var st unix.Statx_t
	err := unix.Statx(int(dir.Fd()), name, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_TYPE|unix.STATX_UID, &st)
	if err != nil {
		return nil // nothing there, or not known: then the operation will say
	}
	switch attrs := st.Attributes & st.Attributes_mask; {
	case attrs&unix.STATX_ATTR_MOUNT_ROOT != 0:
		return unix.EBUSY
	case attrs&(unix.STATX_ATTR_IMMUTABLE|unix.STATX_ATTR_APPEND) != 0:
		return unix.EPERM
	}
	return checkSticky(dir, int(st.Uid))
}

func checkSticky(dir *os.File, owner int) error {
	me := os.Geteuid()
	if me == 0 || owner == me {
		return nil
	}
	d, err := LookFile(dir)
	if err != nil {
		return err
	}
	if d.Mode&fs.ModeSticky != 0 && int(d.UID) != me {
		return unix.EPERM
	}
	return nil
}

// CheckWritable reports, before it is tried, why entries of the opened directory
// could not be made, replaced and removed: no permission, a read-only file
// system, or an immutable or append-only directory.
func CheckWritable(dir *os.File) error {
	if err := unix.Faccessat(int(dir.Fd()), ".", unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return err
	}
	var st unix.Statx_t
	if err := unix.Statx(int(dir.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_TYPE, &st); err != nil {
		return nil
	}
	if st.Attributes&st.Attributes_mask&(unix.STATX_ATTR_IMMUTABLE|unix.STATX_ATTR_APPEND) != 0 {
		return unix.EPERM
	}
	return nil
}
