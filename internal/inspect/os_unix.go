//go:build unix

package inspect

import "syscall"

// openNoWait keeps an open from hanging on a FIFO that took the place of a file.
const openNoWait = syscall.O_NONBLOCK
