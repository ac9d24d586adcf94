//go:build unix

package journal_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
)

func mkfifo(path string) error { return syscall.Mkfifo(path, 0o644) }

// mksocket leaves a socket file that nobody listens on. It is made elsewhere and moved:
// the address of a socket has room for about a hundred bytes only.
func mksocket(path string) error {
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	short := filepath.Join(dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: short})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		return err
	}
	return os.Rename(short, path)
}
