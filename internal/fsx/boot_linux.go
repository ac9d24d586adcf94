package fsx

import (
	"os"
	"strings"
)

// BootID identifies this run of the kernel: another one had another page cache. It
// is "" where the system has no such identifier.
func BootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
