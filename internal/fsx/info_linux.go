package fsx

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// StatAt returns what is at a name, without a slash in it, in the open directory. A
// symbolic link is not followed.
func StatAt(dir *os.File, name string) (Info, error) {
	return statx(dir, name, unix.AT_SYMLINK_NOFOLLOW)
}

// StatFile returns the Info of the open file.
func StatFile(f *os.File) (Info, error) { return statx(f, "", unix.AT_EMPTY_PATH) }

func statx(f *os.File, name string, flags int) (Info, error) {
	const all = unix.STATX_TYPE | unix.STATX_MODE | unix.STATX_UID | unix.STATX_GID | unix.STATX_SIZE
	var st unix.Statx_t
	err := Retry(func() error { return unix.Statx(int(f.Fd()), name, flags, all, &st) })
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) { // a sandbox whose filter does not know statx
		return fstatat(f, name, flags)
	}
	if err != nil {
		return Info{}, statError("statx", f, name, err)
	}
	return Info{
		Mode: fileMode(uint32(st.Mode)), Size: int64(st.Size), UID: st.Uid, GID: st.Gid,
		Device: unix.Mkdev(st.Dev_major, st.Dev_minor), Immovable: immovable(&st),
	}, nil
}

// immovable returns EBUSY for a mount point, as in a container that mounts single
// files (a kernel before Linux 5.8 does not report it), and EPERM for an immutable or
// append-only file.
func immovable(st *unix.Statx_t) error {
	switch {
	case hasAttr(st, unix.STATX_ATTR_MOUNT_ROOT):
		return unix.EBUSY
	case hasAttr(st, unix.STATX_ATTR_IMMUTABLE|unix.STATX_ATTR_APPEND):
		return unix.EPERM
	}
	return nil
}

// hasAttr reports whether one of the attributes is set, on a file system that knows it.
func hasAttr(st *unix.Statx_t, attrs uint64) bool {
	return st.Attributes&st.Attributes_mask&attrs != 0
}
