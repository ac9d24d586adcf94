//go:build unix

package fsx

import "syscall"

var linkErrnos = []syscall.Errno{
	syscall.EPERM, // no hard links on this file system, or fs.protected_hardlinks
	syscall.EMLINK,
	syscall.EXDEV,
	syscall.ENOTSUP,
	syscall.EOPNOTSUPP,
	syscall.ENOSYS,
}

var temporaryErrnos = []syscall.Errno{
	syscall.ENOSPC,
	syscall.EDQUOT,
	syscall.EACCES,
	syscall.EPERM, // also of an immutable file
	syscall.EROFS,
	syscall.EMFILE,
	syscall.ENFILE,
	syscall.ENOMEM,
	syscall.ENOBUFS,
	syscall.EIO,
	syscall.EBUSY,
	syscall.ETXTBSY,
	syscall.EAGAIN,
	syscall.EINTR,
	syscall.ETIMEDOUT, // this and the next ones are from network file systems
	syscall.ESTALE,
	syscall.ENOLCK,
}
