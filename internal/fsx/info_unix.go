//go:build unix

package fsx

import (
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

func fstatat(f *os.File, name string, flags int) (Info, error) {
	var st unix.Stat_t
	err := Retry(func() error { return unix.Fstatat(int(f.Fd()), name, &st, flags) })
	if err != nil {
		return Info{}, statError("fstatat", f, name, err)
	}
	return Info{
		Mode: fileMode(uint32(st.Mode)), Size: st.Size, UID: st.Uid, GID: st.Gid,
		Device: uint64(st.Dev),
	}, nil
}

// statError adds the operation and the path. A closed file is fs.ErrClosed.
func statError(op string, f *os.File, name string, err error) error {
	if err == unix.EBADF {
		err = fs.ErrClosed
	}
	return &fs.PathError{Op: op, Path: filepath.Join(f.Name(), name), Err: err}
}

// fileMode converts the mode of the kernel.
func fileMode(bits uint32) fs.FileMode {
	mode := fs.FileMode(bits & 0o777)
	switch bits & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		mode |= fs.ModeDir
	case unix.S_IFLNK:
		mode |= fs.ModeSymlink
	case unix.S_IFIFO:
		mode |= fs.ModeNamedPipe
	case unix.S_IFSOCK:
		mode |= fs.ModeSocket
	case unix.S_IFCHR:
		mode |= fs.ModeDevice | fs.ModeCharDevice
	case unix.S_IFBLK:
		mode |= fs.ModeDevice
	default:
		mode |= fs.ModeIrregular
	}
	if bits&unix.S_ISUID != 0 {
		mode |= fs.ModeSetuid
	}
	if bits&unix.S_ISGID != 0 {
		mode |= fs.ModeSetgid
	}
	if bits&unix.S_ISVTX != 0 {
		mode |= fs.ModeSticky
	}
	return mode
}
