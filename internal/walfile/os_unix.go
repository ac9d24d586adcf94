//go:build unix

package walfile

import "syscall"

const safeOpen = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
