//go:build !linux

package fsx

import "os"

// Plain says false: it is not known here without opening the file.
func Plain(dst *os.File, path string) bool { return false }
