package atomic

import (
	"os"

	"golang.org/x/sys/unix"
)

// renameNoReplace renames if there is nothing at the new name. It is for file
// systems without hard links, such as FAT.
func renameNoReplace(fsys filesystem, from, to string) error {
	dirPath, toBase := split(to)
	_, fromBase := split(from)
	dir, err := openDir(fsys, dirPath)
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
