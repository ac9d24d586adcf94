package fsx

import "golang.org/x/sys/unix"

// Yield lets other threads of the machine run, the kernel's own among them. Where
// every processor goes from one short call to the next, nothing that wakes up
// meanwhile gets its turn for milliseconds; and between a file system and a loop,
// encrypted or software RAID device it is a thread of the kernel that has to pass on
// a write before an fsync can end.
func Yield() {
	unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0) // never fails
}
