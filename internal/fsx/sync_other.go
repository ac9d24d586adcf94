//go:build !linux

package fsx

import "os"

// Datasync makes the content of f durable. It is [os.File.Sync] here, which on
// darwin is fcntl(F_FULLFSYNC): fdatasync does not reach the disk there.
func Datasync(f *os.File) error { return f.Sync() }

// SyncFS says false: only Linux has a way to sync a file system that reports what
// went wrong.
func SyncFS(*os.File) (supported bool, err error) { return false, nil }

// DropCache does nothing: only Linux has a way to ask for it.
func DropCache(*os.File) {}
