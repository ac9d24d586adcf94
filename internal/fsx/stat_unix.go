//go:build unix

package fsx

import (
	"io/fs"
	"syscall"
	"time"
)

// Ctime is the time of the last change of the content or the metadata. Unlike the
// modification time nobody can set it back.
func Ctime(fi fs.FileInfo) (t time.Time, ok bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(ctime(st)), true
}

// Owner is the file's user and group.
func Owner(fi fs.FileInfo) (uid, gid uint32, ok bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return st.Uid, st.Gid, true
}

// Device is the number of the device that the file is on. A rename does not cross
// devices.
func Device(fi fs.FileInfo) (dev uint64, ok bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return uint64(st.Dev), true
}

// Nlink is the number of names (hard links) that the file has.
func Nlink(fi fs.FileInfo) (n uint64, ok bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return uint64(st.Nlink), true
}
