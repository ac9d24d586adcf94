//go:build unix

package fsx

import "syscall"

// Flags for opening a path at which another program may have put something else.
const (
	// NonBlocking keeps an open of a named pipe from blocking.
	NonBlocking = syscall.O_NONBLOCK
	// NoFollow makes an open fail if the path ends in a symbolic link.
	NoFollow = syscall.O_NOFOLLOW
)
