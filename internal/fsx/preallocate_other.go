//go:build !linux

package fsx

import "os"

// Preallocate does nothing: it is for ext4, on Linux.
func Preallocate(*os.File, int64) error { return nil }

// PreallocateHelps returns false: [Preallocate] is for ext4, on Linux.
func PreallocateHelps(*os.File) bool { return false }
