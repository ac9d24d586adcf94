//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package atomic

import (
	"os"
	"path/filepath"
	"runtime"

	"github.com/forewrite/forewrite/internal/fsx"
)

// notesHolders: where locks belong to the process, closing another descriptor of
// the file would end the lock.
const notesHolders = runtime.GOOS == "windows"

// claim has nothing to do: the process number in the name is the claim.
func claim(*os.File) bool { return true }

// removeLeaked removes a temporary file whose process has ended. On Windows one
// that is open, even on another machine, can't be removed anyway.
func removeLeaked(dir, base string) (bool, error) {
	pid, ok := ownerOf(base)
	if !ok || fsx.ProcessAlive(pid) {
		return false, nil
	}
	name := filepath.Join(dir, base)
	fi, err := os.Lstat(name)
	if err != nil || !fi.Mode().IsRegular() {
		return false, ignoreMissing(err)
	}
	if err := os.Remove(name); err != nil {
		return false, ignoreMissing(err)
	}
	return true, nil
}
