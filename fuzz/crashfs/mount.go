//go:build linux && (amd64 || arm64)

package crashfs

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// ErrUnavailable is returned when this machine does not allow FUSE file systems to
// be mounted.
var ErrUnavailable = errors.New("crashfs: FUSE cannot be used here")

// Mount serves an empty file system at dir. Root does it with mount(2),
// others by fusermount.
func Mount(dir string) (*FS, error) {
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUnavailable, err)
	}
	f := &FS{dir: dir, vol: newVolume(nil, false), nextIno: Root}
	f.trace.Start = f.vol.pending(Kill, Zeroes).image(nil)
	opts := &fuse.MountOptions{
		Name: "crashfs", FsName: "crashfs", DirectMount: true, MaxWrite: 1 << 20,
		DisableReadDirPlus: true, DisableSplice: true, Logger: log.New(io.Discard, "", 0),
	}
	srv, err := fuse.NewServer(&server{fuse.NewDefaultRawFileSystem(), f}, dir, opts)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUnavailable, err)
	}
	f.server = srv
	go srv.Serve()
	if err := srv.WaitMount(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Dir returns where the file system is mounted.
func (f *FS) Dir() string { return f.dir }

// Close unmounts. Files that are still open there are lost to those who use them.
func (f *FS) Close() error {
	err := f.server.Unmount()
	if err == nil {
		return nil
	}
	if lazy := unix.Unmount(f.dir, unix.MNT_DETACH); lazy == nil || lazy == syscall.EINVAL {
		return nil
	}
	return fmt.Errorf("crashfs: unmount %s: %w", f.dir, err)
}
