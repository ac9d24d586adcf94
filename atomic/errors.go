package atomic

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// What [errors.Is] can tell apart, beside the errors of package fs and of the
// system (fs.ErrNotExist, fs.ErrPermission, syscall.ENOSPC and so on).
var (
	// ErrConflict: the file is not the version that [IfMatch] names.
	ErrConflict = errors.New("the file has changed")
	// ErrNotRegular: the target is a directory, a device, a socket or a FIFO.
	ErrNotRegular = errors.New("not a regular file")
	// ErrSymlink: the target is a symbolic link, and [RejectSymlink] forbids it;
	// or a lock file is one, which is always refused.
	ErrSymlink = errors.New("is a symbolic link")
	// ErrDangling: the target is a symbolic link that leads to nothing. Such an
	// error is fs.ErrNotExist, too.
	ErrDangling = errors.New("dangling symbolic link")
	// ErrHardLink: the target has several names, and [RejectHardLinks] forbids it.
	ErrHardLink = errors.New("has several hard links")
	// ErrPublished: the new content is in place, but its directory could not be
	// fsynced: a power loss may bring the old content back. Every other error of
	// a write means that the target is unchanged.
	ErrPublished = errors.New("published, but not known to be durable")
	// ErrNoChange is for the function given to [UpdateJSON] to return: nothing
	// shall be written, and that is no error.
	ErrNoChange = errors.New("no change")

	// ErrLock: every error about a lock.
	ErrLock = errors.New("lock")
	// ErrLockTimeout: the lock was not free in time, which is at once for
	// [TryLock].
	ErrLockTimeout = errors.New("busy")
)

// Error is what every function of this package returns about a file; about a lock
// it is a [LockError]. It wraps what the system said.
type Error struct {
	Op   string // such as "write" or "read JSON"
	Path string // as the caller gave it
	Err  error
}

func (e *Error) Error() string { return "atomic: " + e.Op + " " + e.Path + ": " + e.reason() }
func (e *Error) Unwrap() error { return e.Err }

// reason leaves out the paths that say no more than e.Path does, those of the
// temporary file above all.
func (e *Error) reason() string {
	switch inner := e.Err.(type) {
	case *fs.PathError:
		if inner.Path == e.Path || isTempName(filepath.Base(inner.Path)) {
			return inner.Op + ": " + inner.Err.Error()
		}
	case *os.LinkError:
		return inner.Op + ": " + inner.Err.Error()
	}
	return e.Err.Error()
}

func wrap(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Path: path, Err: err}
}

// LockError is what [Lock], [RLock], [TryLock] and [FileLock.Unlock] return. It is
// [ErrLock], and what it wraps: [ErrLockTimeout], [ErrSymlink], the error of the
// context or that of the system.
type LockError struct {
	Path   string
	Holder Holder // who holds it exclusively, where that is known
	Err    error
}

func (e *LockError) Error() string {
	var b strings.Builder
	b.WriteString("atomic: lock " + e.Path + ": ")
	if pe, ok := e.Err.(*fs.PathError); ok && pe.Path == e.Path {
		b.WriteString(pe.Op + ": " + pe.Err.Error())
	} else {
		b.WriteString(e.Err.Error())
	}
	if e.Holder != (Holder{}) {
		b.WriteString(" (" + e.Holder.String() + ")")
	}
	return b.String()
}

func (e *LockError) Unwrap() error        { return e.Err }
func (e *LockError) Is(target error) bool { return target == ErrLock }
