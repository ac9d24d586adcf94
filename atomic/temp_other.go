//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package atomic

import (
	"os"
	"path/filepath"
	"runtime"

	"github.com/forewrite/forewrite/internal/fsx"
)

// closeKeepsLock: where locks belong to the process, closing another descriptor of
// the file releases the lock.
const closeKeepsLock = runtime.GOOS == "windows"

// lockTemp does nothing: here the process number in the name says whether the file
// is in use.
func lockTemp(*os.File) bool { return true }

// removeStaleTemp removes a temporary file whose process has ended. On Windows a
// file that is open, even on another machine, can't be removed anyway.
func removeStaleTemp(dir, base string) (bool, error) {
	pid, ok := ownerOf(base)
	if !ok || fsx.ProcessAlive(pid) {
		return false, nil
	}
	name := filepath.Join(dir, base)
	fi, err := os.Lstat(name)
	if err != nil || !fi.Mode().IsRegular() {
		return false, ignoreNotExist(err)
	}
	if err := os.Remove(name); err != nil {
		return false, ignoreNotExist(err)
	}
	return true, nil
}
