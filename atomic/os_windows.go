package atomic

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/windows"
)

const (
	canRenameOpen = false // a file must be closed before its rename

	errNotDir = syscall.ENOTDIR
)

// flush does nothing: the file is closed before it is renamed.
func flush(*os.File) error { return nil }

func rename(from, to string) error { return os.Rename(from, to) }

// isMountPoint reports false: a single file can't be a mount point here.
func isMountPoint(error) bool { return false }

// isSharingViolation reports whether the call failed because another program, most
// often a virus scanner or an indexer, has the file open.
func isSharingViolation(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) ||
		errors.Is(err, windows.ERROR_LOCK_VIOLATION) ||
		errors.Is(err, windows.ERROR_ACCESS_DENIED)
}

// joinUncleaned returns the path of name in the directory dir. Windows resolves every
// ".." before it looks for links, so the path may be cleaned, and a name such as
// "C:f" or "\f" is not relative to dir.
func joinUncleaned(_, name string) string {
	abs, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	return abs
}
