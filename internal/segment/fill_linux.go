package segment

import (
	"os"

	"golang.org/x/sys/unix"
)

const (
	bcachefsMagic = 0xca451a4e
	zfsMagic      = 0x2fc12fc1
)

// overwritesInPlace reports whether the file system overwrites the blocks of a file
// in place. Copy-on-write and log-structured file systems allocate new blocks.
func overwritesInPlace(file *os.File) bool {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(file.Fd()), &st); err != nil {
		return true
	}
	switch uint32(st.Type) {
	case unix.BTRFS_SUPER_MAGIC, unix.NILFS_SUPER_MAGIC, zfsMagic, bcachefsMagic:
		return false
	}
	return true
}
