package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Everything that -fs makes goes away with the process that made it, even if that
// is killed: the mount lives in a mount namespace of its own, the loop device
// detaches itself when it is no longer in use, and the image is unlinked as soon
// as the device holds it.

// imageSize is enough for every scenario. The image is filled with zeroes, so
// that the file system around it has nothing to allocate while we measure.
const imageSize = 4 << 30

var mkfs = map[string][]string{
	"ext4":  {"mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard"},
	"xfs":   {"mkfs.xfs", "-q", "-f", "-K"},
	"btrfs": {"mkfs.btrfs", "-q", "-f", "-K"},
}

// inOwnMounts runs this program again, where its mounts are nobody else's.
func inOwnMounts(ctx context.Context, kind string, args []string) error {
	if err := canLoop(kind); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	runtime.LockOSThread() // the kernel takes the thread for the parent
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, self, slices.Concat([]string{mountedArg}, args)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	dieWithParent(cmd)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) && exit.Exited() {
		return errors.New("failed as said above")
	} else if err != nil {
		return err
	}
	return nil
}

func canLoop(kind string) error {
	command, ok := mkfs[kind]
	if !ok {
		return fmt.Errorf("-fs %s: only ext4, xfs and btrfs are known", kind)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("-fs %s: only root may attach a loop device and mount it", kind)
	}
	if _, err := exec.LookPath(command[0]); err != nil {
		return fmt.Errorf("-fs %s: %s is not installed", kind, command[0])
	}
	return nil
}

// onLoop makes a file system in an image beneath dir and mounts it for do.
func onLoop(ctx context.Context, kind, dir string, do func(mount string) error) (err error) {
	device, err := loopDevice(ctx, filepath.Join(dir, "image"))
	if err != nil {
		return fmt.Errorf("-fs %s: %w", kind, err)
	}
	defer func() { err = errors.Join(err, device.Close()) }()

	make := append(slices.Clone(mkfs[kind]), device.Name())
	if out, err := exec.CommandContext(ctx, make[0], make[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", make[0], err, out)
	}
	mount := filepath.Join(dir, "mount")
	if err := os.Mkdir(mount, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(device.Name(), mount, kind, unix.MS_NOATIME, ""); err != nil {
		return fmt.Errorf("mount %s: %w", kind, err)
	}
	defer func() { err = errors.Join(err, unix.Unmount(mount, unix.MNT_DETACH)) }()
	return do(mount)
}

// loopDevice makes an image and attaches it. The image has no name any more when
// this returns, and the device is free again when it is closed and not mounted.
func loopDevice(ctx context.Context, name string) (_ *os.File, err error) {
	image, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	defer image.Close()
	defer func() { err = errors.Join(err, os.Remove(name)) }()
	if err := fillImage(ctx, image); err != nil {
		return nil, fmt.Errorf("make an image of %d MiB: %w", imageSize/mib, err)
	}
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer control.Close()
	for {
		device, err := attach(control, image)
		if !errors.Is(err, unix.EBUSY) || ctx.Err() != nil {
			return device, err
		}
	}
}

func fillImage(ctx context.Context, image *os.File) error {
	for zeroes, n := make([]byte, 4*mib), 0; n < imageSize; n += len(zeroes) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := image.Write(zeroes); err != nil {
			return err
		}
	}
	return image.Sync()
}

// attach takes a free device. Direct I/O keeps the pages from being cached twice;
// where the file system below can't do it, the kernel refuses, and we go without.
func attach(control, image *os.File) (*os.File, error) {
	number, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
	if err != nil {
		return nil, fmt.Errorf("no free loop device: %w", err)
	}
	device, err := os.OpenFile(fmt.Sprintf("/dev/loop%d", number), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	config := unix.LoopConfig{Fd: uint32(image.Fd())}
	config.Info.Flags = unix.LO_FLAGS_AUTOCLEAR | unix.LO_FLAGS_DIRECT_IO
	err = unix.IoctlLoopConfigure(int(device.Fd()), &config)
	if errors.Is(err, unix.EINVAL) {
		config.Info.Flags = unix.LO_FLAGS_AUTOCLEAR
		err = unix.IoctlLoopConfigure(int(device.Fd()), &config)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("attach %s: %w", device.Name(), err), device.Close())
	}
	return device, nil
}
