package fsx

import "golang.org/x/sys/unix"

// BootID names this run of the kernel, so that what it kept only in memory can be
// told from what an earlier one did. It is "" where it can't be known.
func BootID() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return id
}
