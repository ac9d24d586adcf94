//go:build !linux

package fsx

import "os"

// IsMountRoot says false: there is no cheap way to ask.
func IsMountRoot(*os.File) bool { return false }
