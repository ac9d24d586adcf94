//go:build unix

package journal

import "syscall"

// openNoWait keeps an open from hanging on a FIFO that took the place of a file.
const openNoWait = syscall.O_NONBLOCK

// openNoLink keeps an open from following a symbolic link at the end of the path.
const openNoLink = syscall.O_NOFOLLOW
