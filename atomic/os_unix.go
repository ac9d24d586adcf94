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
	canRenameOpen = true

	errNotDir = syscall.ENOTDIR
)

// flush closes a duplicate of the descriptor, for an error that only close returns:
// without an fsync NFS sends the data on close and learns only then that the disk is
// full. The descriptor itself stays open, because it holds the lock on the temporary
// file until after the rename.
func flush(f *os.File) error {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("dup", err)
	}
	return os.NewSyscallError("close", unix.Close(fd))
}

// rename is os.Rename without its lstat of the target, which commit has done.
func rename(from, to string) error {
	if err := fsx.Retry(func() error { return unix.Rename(from, to) }); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// isMountPoint reports whether a rename failed because its target is a mount point.
func isMountPoint(err error) bool { return errors.Is(err, syscall.EBUSY) }

// isSharingViolation reports false: here an open file can be replaced.
func isSharingViolation(error) bool { return false }

// joinUncleaned returns the path of name in the directory dir. Unlike filepath.Join
// it keeps every "..", which may follow a symbolic link.
func joinUncleaned(dir, name string) string { return dir + "/" + name }
