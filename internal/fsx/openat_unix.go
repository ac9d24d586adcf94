//go:build unix

package fsx

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// OpenAt opens name, without a slash in it, in the open directory. It does not follow
// a symbolic link. [os.Root.OpenFile] would take five system calls more: it is for
// whole paths, and tries to register the file with the runtime's poller, which does
// not work for regular files.
func OpenAt(dir *os.File, name string, flag int, perm fs.FileMode) (*os.File, error) {
	fd := -1
	err := Retry(func() (err error) {
		fd, err = unix.Openat(int(dir.Fd()), name, flag|unix.O_NOFOLLOW|unix.O_CLOEXEC, uint32(perm.Perm()))
		return err
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}
