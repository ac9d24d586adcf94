//go:build unix

package atomic

import (
	"errors"
	"os"
	"syscall"

	"github.com/forewrite/forewrite/internal/fsx"
	"golang.org/x/sys/unix"
)

const (
	renamesOpen = true // an open file can be renamed

	errNotDir = syscall.ENOTDIR
)

// flush has the close of a duplicate tell what only a close tells: NFS, told not
// to fsync, sends the data then and there learns that the disk is full. Our own
// descriptor stays open, because it holds the claim until the rename is done.
func flush(f *os.File) error {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("dup", err)
	}
	return os.NewSyscallError("close", unix.Close(fd))
}

// rename does without the look at the target that os.Rename takes: we have looked.
func rename(from, to string) error {
	if err := fsx.Retry(func() error { return unix.Rename(from, to) }); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// isBusy tells a target that is a mount point.
func isBusy(err error) bool { return errors.Is(err, syscall.EBUSY) }

// isShared tells the errors that pass when another program closes the file. Here
// an open file is in nobody's way.
func isShared(error) bool { return false }
