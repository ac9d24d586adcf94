//go:build !linux

package fsx

import "os"

// Preallocate is for ext4, on Linux.
func Preallocate(*os.File, int64) error { return nil }

// WantsPreallocate says no: it is for ext4, on Linux.
func WantsPreallocate(*os.File) bool { return false }
