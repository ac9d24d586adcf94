package fsx

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// SyncDir makes the entries of the directory durable: without it a power loss can undo
// the creation, rename or removal of a file there, even if the file was fsynced.
//
// It does nothing on Windows, where a directory can't be flushed and NTFS journals the
// entries.
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

// SyncDirFile is [SyncDir] for an open directory. Like every fsync it must not be
// repeated after it failed: the second one can succeed without having written what the
// first one could not.
func SyncDirFile(d *os.File) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	err := d.Sync()
	// Some file systems (CIFS, some FUSE ones) have no fsync for directories.
	// No caller could do anything about it, so it is not an error.
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
