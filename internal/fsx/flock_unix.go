//go:build unix && !aix && !solaris

package fsx

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// TryLock acquires an advisory lock on the open file, exclusive or shared, if it is
// free. Closing f releases it. It is for locks that are acquired so often that
// opening a file each time would cost too much.
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

// Unlock releases the lock.
func Unlock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }
