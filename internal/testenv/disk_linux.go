package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Mount mounts until the end of the test. It skips tests that are not contained,
// those of an ordinary user among them: a mount could outlive them.
func Mount(t testing.TB, source, target, kind string, flags uintptr, data string) {
	t.Helper()
	needMounts(t)
	err := unix.Mount(source, target, kind, flags, data)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENODEV) {
		t.Skipf("%s can't be mounted here: %v", kind, err)
	}
	if err != nil {
		t.Fatalf("mount %s: %v", target, err)
	}
	t.Cleanup(func() {
		// Detached: a process that another test is just starting has our files open
		// for a moment.
		if err := unix.Unmount(target, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", target, err)
		}
	})
}

func needMounts(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: mounts a file system")
	}
	if !contained() {
		t.Skip("needs a mount namespace of its own, and none can be made here")
	}
}

// Tmpfs returns a directory in memory that is full with that many MiB.
func Tmpfs(t testing.TB, mib int) string {
	t.Helper()
	dir := t.TempDir()
	Mount(t, "none", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", mib))
	return dir
}

// Ext4 returns an empty directory on a fresh ext4 of that many MiB with a journal, in
// a loop device. The image has no name and the device detaches itself, so that
// nothing is left when the test is killed.
func Ext4(t testing.TB, mib int) string {
	t.Helper()
	needMounts(t)
	if _, err := exec.LookPath("mkfs.ext4"); err != nil {
		t.Skip("needs mkfs.ext4, which is not installed")
	}
	dir := t.TempDir()
	device, err := loopDevice(filepath.Join(dir, "image"), int64(mib)<<20)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		t.Skipf("needs loop devices: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close() // the mount holds it then
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "mkfs.ext4", "-q", "-m", "0", "-O", "has_journal", device.Name()).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v: %s", err, out)
	}
	mount := filepath.Join(dir, "mount")
	if err := os.Mkdir(mount, 0o755); err != nil {
		t.Fatal(err)
	}
	Mount(t, device.Name(), mount, "ext4", 0, "")
	root := filepath.Join(mount, "root") // without lost+found
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

// loopDevice attaches a sparse file without a name to a device that is free again
// when it is closed and not mounted.
func loopDevice(name string, size int64) (*os.File, error) {
	image, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	defer image.Close()
	if err := errors.Join(os.Remove(name), image.Truncate(size)); err != nil {
		return nil, err
	}
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer control.Close()
	for range 100 { // another test may be faster with the device that is free
		device, err := attach(control, image)
		if !errors.Is(err, unix.EBUSY) {
			return device, err
		}
	}
	return nil, unix.EBUSY
}

func attach(control, image *os.File) (*os.File, error) {
	n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
	if err != nil {
		return nil, fmt.Errorf("get a free loop device: %w", err)
	}
	device, err := os.OpenFile(fmt.Sprintf("/dev/loop%d", n), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	config := unix.LoopConfig{Fd: uint32(image.Fd()), Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_AUTOCLEAR}}
	if err := unix.IoctlLoopConfigure(int(device.Fd()), &config); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", device.Name(), err), device.Close())
	}
	return device, nil
}
