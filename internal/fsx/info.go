package fsx

import "io/fs"

// Info is the result of [StatAt] and [StatFile]: that of Lstat without the times.
//
// The times are left out because reading them makes later writes slower. Since Linux
// 6.13 a file whose times were read, and that changes again within the same tick of
// the clock, gets a timestamp of full resolution, and every later timestamp of any
// file must be later still (see "multigrain timestamps" in the kernel's
// documentation). If each commit reads times, each write to the log gets a
// modification time of its own, instead of one in twenty, and the file system has to
// write the inode as well; a file system below a loop device commits its journal with
// each flush. Measured there: 65 µs of a commit's 325.
type Info struct {
	Mode      fs.FileMode
	Size      int64
	UID, GID  uint32 // zero where files have no such owners
	Device    uint64 // a rename does not cross devices; zero where that is not known
	Immovable error  // why it can't be replaced or removed; nil also where that is not known
}
