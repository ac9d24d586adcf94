//go:build unix

package fsx

import "syscall"

// Flags for opening what somebody else may have put in place of a file.
const (
	// NonBlocking keeps an open from hanging on a FIFO.
	NonBlocking = syscall.O_NONBLOCK
	// NoFollow keeps an open from following a symbolic link at the end of the path.
	NoFollow = syscall.O_NOFOLLOW
)
