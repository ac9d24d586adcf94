//go:build unix && !linux

package fsx

import (
	"os"

	"golang.org/x/sys/unix"
)

// Look says what the opened directory has under a name without a slash in it. A
// symbolic link is not followed.
func Look(dir *os.File, name string) (Entry, error) {
	return fstatat(dir, name, unix.AT_SYMLINK_NOFOLLOW)
}

// LookFile says what the opened file is.
func LookFile(f *os.File) (Entry, error) {
	fi, err := f.Stat()
	if err != nil {
		return Entry{}, err
	}
	uid, gid, _ := Owner(fi)
	device, _ := Device(fi)
	return Entry{Mode: fi.Mode(), Size: fi.Size(), UID: uid, GID: gid, Device: device}, nil
}
