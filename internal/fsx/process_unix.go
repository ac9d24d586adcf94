//go:build unix

package fsx

import "syscall"

// ProcessAlive reports whether a process with this number runs. It does not see the
// processes of other containers; a number can be used again; and a process that has
// ended is alive until its parent has waited for it.
func ProcessAlive(pid int) bool {
	if pid <= 0 { // these mean process groups
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || err == syscall.EPERM
}
