//go:build !linux

package fsx

import "os"

// Datasync makes the content of f durable. It is [os.File.Sync], which on darwin is
// fcntl(F_FULLFSYNC): fdatasync does not reach the disk there.
func Datasync(f *os.File) error { return f.Sync() }

// SyncFS returns false: only Linux can sync a file system and report errors of that.
func SyncFS(*os.File) (supported bool, err error) { return false, nil }

// DropCache does nothing: there is no such call.
func DropCache(*os.File) {}
