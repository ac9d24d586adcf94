package fsx

import "golang.org/x/sys/unix"

// BootID identifies this run of the kernel: another one had another page cache. It
// is "" where the system has no such identifier.
func BootID() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return id
}
