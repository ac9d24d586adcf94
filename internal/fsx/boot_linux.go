package fsx

import (
	"os"
	"strings"
)

// BootID names this run of the kernel, so that what it kept only in memory can be
// told from what an earlier one did. It is "" where it can't be known.
func BootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
