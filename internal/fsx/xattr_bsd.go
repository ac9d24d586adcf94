//go:build darwin || freebsd || netbsd

package fsx

import "golang.org/x/sys/unix"

const noAttr = unix.ENOATTR
