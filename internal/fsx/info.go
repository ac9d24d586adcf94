package fsx

import "io/fs"

// Info is what [StatAt] and [StatFile] find: what Lstat tells, but for the times.
//
// To leave them out is not a matter of tidiness. Since Linux 6.13 a file that was
// asked for its times, and changes again within the same tick of the clock, gets a
// timestamp of full resolution, and no later timestamp of any file may lie before it
// (multigrain timestamps, in the kernel's documentation). So if each commit asks, each
// write to the log gets a modification time of its own, where one in twenty did, and
// the file system has an inode to write with it; the one below a loop device commits
// its journal with each flush. Measured there: 65 µs of a commit's 325.
type Info struct {
	Mode      fs.FileMode
	Size      int64
	UID, GID  uint32 // zero where files have no such owners
	Device    uint64 // a rename does not cross devices; zero where that is not known
	Immovable error  // why it can't be replaced or removed; nil where that is not known
}
