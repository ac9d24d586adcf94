package atomic

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

const (
	renamesOpen = false // must be closed first

	errNotDir = syscall.ENOTDIR
)

// flush has nothing to do: the file is closed before it is renamed.
func flush(*os.File) error { return nil }

func rename(from, to string) error { return os.Rename(from, to) }

// isBusy says false: a rename here knows no mount points of single files.
func isBusy(error) bool { return false }

// isShared tells the errors that pass when another program, a virus scanner or an
// indexer most often, closes the file again.
func isShared(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) ||
		errors.Is(err, windows.ERROR_LOCK_VIOLATION) ||
		errors.Is(err, windows.ERROR_ACCESS_DENIED)
}
