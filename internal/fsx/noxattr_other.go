//go:build !linux

package fsx

import "os"

// NoXattrs returns false: here that is not known without opening the file.
func NoXattrs(dst *os.File, path string) bool { return false }

// NoXattrsAt returns false, as [NoXattrs] does.
func NoXattrsAt(dst, dir *os.File, name string) bool { return false }
