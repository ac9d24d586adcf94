//go:build !unix

package journal_test

import "os"

// There are no FIFOs and sockets in the file system; a device name stands in.
func mkfifo(path string) error   { return os.Symlink("NUL", path) }
func mksocket(path string) error { return os.Symlink("NUL", path) }
