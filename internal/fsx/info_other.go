//go:build unix && !linux

package fsx

import (
	"os"

	"golang.org/x/sys/unix"
)

// StatAt returns what is at a name, without a slash in it, in the open directory. A
// symbolic link is not followed.
func StatAt(dir *os.File, name string) (Info, error) {
	return fstatat(dir, name, unix.AT_SYMLINK_NOFOLLOW)
}

// StatFile returns the Info of the open file.
func StatFile(f *os.File) (Info, error) {
	fi, err := f.Stat()
	if err != nil {
		return Info{}, err
	}
	uid, gid, _ := Owner(fi)
	device, _ := Device(fi)
	return Info{Mode: fi.Mode(), Size: fi.Size(), UID: uid, GID: gid, Device: device}, nil
}
