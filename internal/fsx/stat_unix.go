//go:build unix

package fsx

import (
	"io/fs"
	"syscall"
	"time"
)

// Ctime returns the time of the last change of the content or the metadata. Unlike the
// modification time it can't be set.
func Ctime(fi fs.FileInfo) (t time.Time, ok bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(ctime(st)), true
}

// Owner returns the user and the group of the file.
func Owner(fi fs.FileInfo) (uid, gid uint32, ok bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return st.Uid, st.Gid, true
}

// Device returns the number of the device that the file is on. A rename can't cross
// devices.
func Device(fi fs.FileInfo) (dev uint64, ok bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return uint64(st.Dev), true
}

// Nlink returns the number of hard links, or names, of the file.
func Nlink(fi fs.FileInfo) (n uint64, ok bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return uint64(st.Nlink), true
}
