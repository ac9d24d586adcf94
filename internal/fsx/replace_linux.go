package fsx

import (
	"os"

	"golang.org/x/sys/unix"
)

// CheckReplaceable reports, before it is tried, why a rename onto the opened
// file would fail: it is a mount point of its own (EBUSY, as in a container
// that mounts single files), or immutable or append-only (EPERM). It needs
// statx, Linux 5.8 for mount points; an older kernel says nil.
func CheckReplaceable(f *os.File) error {
	var st unix.Statx_t
	if err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_TYPE, &st); err != nil {
		return nil // not known; the rename will say
	}
	switch attrs := st.Attributes & st.Attributes_mask; {
	case attrs&unix.STATX_ATTR_MOUNT_ROOT != 0:
		return unix.EBUSY
	case attrs&(unix.STATX_ATTR_IMMUTABLE|unix.STATX_ATTR_APPEND) != 0:
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
