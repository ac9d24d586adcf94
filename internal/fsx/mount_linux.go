package fsx

import (
	"os"

	"golang.org/x/sys/unix"
)

// IsMountRoot tells whether f is where a file system or a bind mount is mounted,
// as containers do with single files. Nothing can be renamed onto such a file. It
// needs Linux 5.8; an older kernel says false and the rename says EBUSY.
func IsMountRoot(f *os.File) bool {
	var st unix.Statx_t
	err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_TYPE, &st)
	return err == nil && st.Attributes&st.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT != 0
}
