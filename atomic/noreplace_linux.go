package atomic

import (
	"os"

	"golang.org/x/sys/unix"
)

// renameNoReplace is for file systems without hard links, such as FAT.
func renameNoReplace(t tree, from, to string) error {
	dirPath, toBase := split(to)
	_, fromBase := split(from)
	dir, err := openDir(t, dirPath)
	if err != nil {
		return err
	}
	defer dir.Close()
	fd := int(dir.Fd())
	if err := unix.Renameat2(fd, fromBase, fd, toBase, unix.RENAME_NOREPLACE); err != nil {
		return &os.LinkError{Op: "renameat2", Old: from, New: to, Err: err}
	}
	return nil
}
