//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package atomic

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/fsx"
)

// A temporary file is locked by its owner for as long as it exists, and the kernel
// releases the lock when the owner dies. Unlike the process number in the name this
// is right in containers, where every process may be number 1, and when numbers are
// used again.

// closeKeepsLock: closing another descriptor of a locked file keeps the lock.
const closeKeepsLock = true

// lockTemp locks the new temporary file. It returns false when [RemoveStaleTemp]
// was faster: the file is locked, or removed already. Where files can't be locked,
// no temporary file is ever considered stale, so it returns true.
func lockTemp(f *os.File) bool {
	free, err := fsx.TryLock(f, true)
	if err != nil || !free {
		return err != nil
	}
	fi, err := f.Stat()
	if err != nil {
		return false
	}
	n, ok := fsx.Nlink(fi)
	return !ok || n > 0
}

// removeStaleTemp removes a temporary file that no process has locked.
func removeStaleTemp(dir, base string) (bool, error) {
	name := filepath.Join(dir, base)
	f, err := os.OpenFile(name, os.O_RDONLY|fsx.NoFollow|fsx.NonBlocking, 0)
	if err != nil {
		return false, ignoreNotExist(err)
	}
	defer f.Close() // releases the lock, after the removal
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() {
		return false, err
	}
	// A second name of another file, about to become a backup: a lock belongs to the
	// file and not to the name, so here the process number has to do.
	if n, ok := fsx.Nlink(fi); ok && n > 1 {
		if pid, ok := ownerOf(base); !ok || fsx.ProcessAlive(pid) {
			return false, nil
		}
	}
	// A shared lock, because over NFS an exclusive one needs a file that is open for
	// writing.
	free, err := fsx.TryLock(f, false)
	if err != nil {
		return false, &fs.PathError{Op: "flock", Path: name, Err: err}
	}
	if !free {
		return false, nil // its owner is alive
	}
	// If it was published meanwhile, the name is gone and this removes nothing.
	if err := os.Remove(name); err != nil {
		return false, ignoreNotExist(err)
	}
	return true, nil
}
