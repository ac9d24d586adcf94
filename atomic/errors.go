package atomic

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/forewrite/forewrite/internal/lockwait"
)

// Errors to test for with [errors.Is], beside those of package fs and of the system
// (fs.ErrNotExist, fs.ErrPermission, syscall.ENOSPC and so on). They come wrapped
// in an [*Error].
var (
	// ErrConflict is returned when the file is not in the version that
	// [Options].IfMatch names.
	ErrConflict = errors.New("the file has changed since the expected version")
	// ErrNotRegular is returned when the target is a directory, a device, a socket
	// or a named pipe.
	ErrNotRegular = errors.New("not a regular file")
	// ErrSymlink is returned when the target is a symbolic link and [SymlinkReject]
	// is set, and when a lock file is one.
	ErrSymlink = errors.New("is a symbolic link")
	// ErrDangling is returned when the target is a symbolic link to nothing. Such an
	// error is also fs.ErrNotExist.
	ErrDangling = errors.New("symbolic link to nothing")
	// ErrHardLink is returned when the target has more than one hard link and
	// [Options].RejectHardLinks is set.
	ErrHardLink = errors.New("has more than one hard link")
	// ErrPublished is returned when the new content is in place, but the fsync of
	// its directory failed: a power loss may bring the old content back. After every
	// other error of a write the target is unchanged, except for a failed write with
	// [Options].InPlace.
	ErrPublished = errors.New("written, but perhaps not durable")
	// ErrNoChange is returned by the function given to [UpdateJSON] when there is
	// nothing to write. UpdateJSON itself then returns nil.
	ErrNoChange = errors.New("no change")
	// ErrLocked is returned when the lock was not released within
	// [LockOptions].Timeout or the deadline of the context, and at once by [TryLock].
	ErrLocked = lockwait.ErrLocked
)

// Error is the type of every error of this package. Only the errors of the caller's own
// code, of the function given to [UpdateJSON] and of the reader given to
// [VersionOfReader], are returned as they are.
type Error struct {
	Op     string // such as "write", "read JSON" or "lock"
	Path   string // as the caller gave it; of a lock, the lock file
	Holder Holder // of a lock that is not free: its exclusive holder, if known
	Err    error
}

// Error returns "atomic: write conf/app.toml: rename: permission denied".
func (e *Error) Error() string {
	s := "atomic: " + e.Op + " " + e.Path + ": " + e.reason()
	if e.Holder != (Holder{}) {
		s += " (" + e.Holder.String() + ")"
	}
	return s
}

// Unwrap returns the underlying error.
func (e *Error) Unwrap() error { return e.Err }

// reason leaves out paths that add nothing to e.Path, above all those of temporary
// files.
func (e *Error) reason() string {
	switch inner := e.Err.(type) {
	case *fs.PathError:
		same := inner.Path == e.Path || strings.HasSuffix(inner.Path, string(filepath.Separator)+e.Path)
		if same || isTempName(filepath.Base(inner.Path)) {
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
