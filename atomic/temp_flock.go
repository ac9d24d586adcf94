//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package atomic

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/fsx"
)

// A temporary file is locked by its owner for as long as it exists, and the kernel
// lets go of the lock when the owner dies. Unlike the process number in the name
// that stays right in containers, where every process may be number 1, and when
// numbers are used again.

// notesHolders: closing another descriptor of a locked file keeps the lock.
const notesHolders = true

// claim locks the new temporary file. It says false when a Sweep was faster: the
// lock is taken, or the file is unlinked already. Where files can't be locked
// nothing is ever swept, so there every claim is good.
func claim(f *os.File) bool {
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

// removeLeaked unlinks a temporary file that nobody has claimed.
func removeLeaked(dir, base string) (bool, error) {
	name := filepath.Join(dir, base)
	f, err := os.OpenFile(name, os.O_RDONLY|fsx.NoFollow|fsx.NonBlocking, 0)
	if err != nil {
		return false, ignoreMissing(err)
	}
	defer f.Close() // and so unlock it, after it is unlinked
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() {
		return false, err
	}
	// A second name of another file, on its way to be a backup: the lock belongs to
	// the file and says nothing about the name, so here the number must do.
	if n, ok := fsx.Nlink(fi); ok && n > 1 {
		if pid, ok := ownerOf(base); !ok || fsx.ProcessAlive(pid) {
			return false, nil
		}
	}
	// A shared lock, because over NFS an exclusive one needs a file that is open
	// for writing.
	free, err := fsx.TryLock(f, false)
	if err != nil {
		return false, &fs.PathError{Op: "flock", Path: name, Err: err}
	}
	if !free {
		return false, nil // its owner lives
	}
	// Published meanwhile: then the name is gone, and the next line harmless.
	if err := os.Remove(name); err != nil {
		return false, ignoreMissing(err)
	}
	return true, nil
}
