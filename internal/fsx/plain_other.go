//go:build !linux

package fsx

import "os"

// Plain says false: it is not known here without opening the file.
func Plain(dst *os.File, path string) bool { return false }

// PlainAt says false: as Plain does.
func PlainAt(dst, dir *os.File, name string) bool { return false }
