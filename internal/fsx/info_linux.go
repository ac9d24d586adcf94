package fsx

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// StatAt says what the opened directory has under a name without a slash in it. A
// symbolic link is not followed.
func StatAt(dir *os.File, name string) (Info, error) {
	return statx(dir, name, unix.AT_SYMLINK_NOFOLLOW)
}

// StatFile says what the opened file is.
func StatFile(f *os.File) (Info, error) { return statx(f, "", unix.AT_EMPTY_PATH) }

func statx(f *os.File, name string, flags int) (Info, error) {
	const all = unix.STATX_TYPE | unix.STATX_MODE | unix.STATX_UID | unix.STATX_GID | unix.STATX_SIZE
	var st unix.Statx_t
	err := Retry(func() error { return unix.Statx(int(f.Fd()), name, flags, all, &st) })
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) { // a sandbox that does not know it
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

// immovable: a mount point of its own, as in a container that mounts single files, which a
// kernel before Linux 5.8 does not tell; or immutable or append-only.
func immovable(st *unix.Statx_t) error {
	switch {
	case has(st, unix.STATX_ATTR_MOUNT_ROOT):
		return unix.EBUSY
	case has(st, unix.STATX_ATTR_IMMUTABLE|unix.STATX_ATTR_APPEND):
		return unix.EPERM
	}
	return nil
}

// has reports whether a file system that knows the attributes has set one of them.
func has(st *unix.Statx_t, attrs uint64) bool {
	return st.Attributes&st.Attributes_mask&attrs != 0
}
