//go:build unix && !aix && !solaris

package fsx

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// TryLock takes an advisory lock on the opened file, if it is free: an exclusive
// or a shared one. It belongs to f, and ends with it. It is for locks that are
// taken so often that opening a file for each would cost too much.
func TryLock(f *os.File, exclusive bool) (bool, error) {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	err := Retry(func() error { return unix.Flock(int(f.Fd()), how|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// Unlock gives the lock back.
func Unlock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }
