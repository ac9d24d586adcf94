//go:build unix

package fsx

import "syscall"

// ProcessAlive tells whether a process with that number runs, as far as this one
// can see: another container's are not seen, numbers are used again, and one that
// has ended counts until its parent has waited for it.
func ProcessAlive(pid int) bool {
	if pid <= 0 { // 0 and below address groups
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || err == syscall.EPERM
}
