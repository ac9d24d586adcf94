//go:build unix

package fsx

import "syscall"

// Flags for opening what somebody else may have put in place of a file.
const (
	// NoWait keeps an open from hanging on a FIFO.
	NoWait = syscall.O_NONBLOCK
	// NoLink keeps an open from following a symbolic link at the end of the path.
	NoLink = syscall.O_NOFOLLOW
)
