//go:build !linux

package fsx

import "os"

// NoXattrs says false: it is not known here without opening the file.
func NoXattrs(dst *os.File, path string) bool { return false }

// NoXattrsAt says false: as NoXattrs does.
func NoXattrsAt(dst, dir *os.File, name string) bool { return false }
