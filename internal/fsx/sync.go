package fsx

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// SyncDir makes the entries of the directory durable: without it a file that was
// made, renamed or removed there can come back after a power loss as it was, even
// though the file itself was fsynced.
//
// It does nothing on Windows, where a directory can't be flushed and NTFS
// journals the entries by itself.
func SyncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return SyncDirFile(d)
}

// SyncDirFile is [SyncDir] for a directory that is open already, as those are
// that were reached through an [os.Root]. Like every fsync it must not be tried
// again after it failed: the second one would succeed and prove nothing.
func SyncDirFile(d *os.File) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	err := d.Sync()
	// Some file systems (CIFS, some FUSE ones) have no fsync for directories.
	// There is nothing that anybody could do about it, so it is no error.
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
