package journal_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/forewrite/forewrite/journal"
)

// smallDisk mounts a fresh journaled ext4 of that many MiB until the test ends.
func smallDisk(t *testing.T, mib int) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting a file system needs root")
	}
	if _, err := exec.LookPath("mkfs.ext4"); err != nil {
		t.Skip("mkfs.ext4 is not installed")
	}
	dir := t.TempDir()
	image, mount := filepath.Join(dir, "image"), filepath.Join(dir, "mount")
	if err := errors.Join(os.Mkdir(mount, 0o755), os.WriteFile(image, nil, 0o600), os.Truncate(image, int64(mib)<<20)); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, out)
		}
		return nil
	}
	if err := run("mkfs.ext4", "-q", "-m", "0", "-O", "has_journal", image); err != nil {
		t.Fatal(err)
	}
	if err := run("mount", "-o", "loop", image, mount); err != nil {
		t.Skipf("no loop mounts here: %v", err)
	}
	t.Cleanup(func() {
		err := run("umount", mount)
		for n := 0; err != nil && n < 50; n++ { // a child that is just being started has our files open
			time.Sleep(100 * time.Millisecond)
			err = run("umount", mount)
		}
		if err != nil {
			t.Errorf("%v; detaching it", err)
			run("umount", "-l", mount)
		}
	})
	root := filepath.Join(mount, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

// TestDiskFull: on a disk that is full at every possible moment, a transaction
// fails with ENOSPC and nothing changed, or is done; and when there is room again,
// the same journal goes on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	root := smallDisk(t, 32)
	j, err := journal.Open(t.Context(), root, &journal.Options{SegmentSize: 1 << 20, InlineLimit: 16 << 10, CheckpointIdle: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			j.Close()
		}
	}()
	want := content(t, root)
	failed, done := 0, 0
	for n := 0; n < 4000 && failed < 60; n++ {
		dir := fmt.Sprintf("d%d", n)
		small, big := strings.Repeat("s", 200+n%5000), strings.Repeat("b", 20<<10+n*37%(90<<10))
		err := j.Update(t.Context(), do(mkdir(dir), put(dir+"/small", small), put(dir+"/big", big), put("counter", fmt.Sprint(n))))
		switch {
		case err == nil:
			done++
			want[dir], want[dir+"/small"], want[dir+"/big"], want["counter"] = "/", small, big, fmt.Sprint(n)
			continue
		case !errors.Is(err, syscall.ENOSPC):
			t.Fatalf("transaction %d: %v", n, err)
		}
		failed++
		if d := diff(content(t, root), want); d != "" {
			t.Fatalf("after transaction %d failed:\n%s", n, d)
		}
		if left, err := os.ReadDir(filepath.Join(root, ".journal", "staging")); err != nil || len(left) > 40 {
			t.Fatalf("after transaction %d failed: %d files in staging, %v", n, len(left), err)
		}
		if failed%3 == 0 { // make room for a few more
			victim := fmt.Sprintf("d%d/big", failed)
			if _, ok := want[victim]; ok {
				if err := os.Truncate(filepath.Join(root, victim), 0); err != nil {
					t.Fatal(err)
				}
				want[victim] = ""
			}
		}
	}
	t.Logf("%d transactions done, %d failed for lack of space", done, failed)
	if failed < 60 || done < 100 {
		t.Error("the disk was not full often enough")
	}
	for n := range 40 {
		if err := os.Truncate(filepath.Join(root, fmt.Sprintf("d%d/big", n)), 0); err != nil {
			t.Fatal(err)
		}
		want[fmt.Sprintf("d%d/big", n)] = ""
	}
	write(t, j, "counter", "room again")
	want["counter"] = "room again"
	closed = true
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	recovered(t, root)
	if d := diff(content(t, root), want); d != "" {
		t.Errorf("after reopening:\n%s", d)
	}
}

const permissionRoot = "FOREWRITE_TEST_PERMISSION_ROOT"

// TestNoPermission: what the user may not do fails before the commit point. Root
// may do everything, so that it becomes somebody else for it.
func TestNoPermission(t *testing.T) {
	t.Parallel()
	root := os.Getenv(permissionRoot)
	if root == "" && os.Geteuid() == 0 {
		runAsNobody(t)
		return
	}
	if root == "" {
		root = t.TempDir()
	}
	beginning(t, root)
	for name, mode := range map[string]fs.FileMode{"d": 0o555, "d/x": 0o644, "b": 0o444} {
		if err := os.Chmod(filepath.Join(root, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	defer os.Chmod(filepath.Join(root, "d"), 0o755)
	j := open(t, root, manual())
	before := tree(t, root)
	for name, tx := range map[string]txFunc{
		"write in a closed directory":       put("d/x", "X2"),
		"make a file in a closed directory": put("d/new", "N"),
		"remove from a closed directory":    rm("d/x"),
		"rename out of a closed directory":  mv("d/x", "x"),
		"rename into a closed directory":    mv("a", "d/a"),
		"mkdir in a closed directory":       mkdir("d/n"),
		"remove a closed tree":              rmAll("d"),
		"move a closed tree":                mv("d", "e"),
	} {
		err := j.Update(t.Context(), do(put("a", "changed too"), tx))
		if !errors.Is(err, fs.ErrPermission) || errors.Is(err, journal.ErrCommitted) {
			t.Errorf("%s: %v", name, err)
		}
		if d := diff(tree(t, root), before); d != "" {
			t.Fatalf("%s: the tree changed:\n%s", name, d)
		}
	}
	write(t, j, "b", "a file that is only read-only can be replaced")
}

// runAsNobody runs this test again, as a user who may not do everything.
func runAsNobody(t *testing.T) {
	const nobody = 65534
	dir, err := os.MkdirTemp("", "nobody-") // t.TempDir lies in directories that are closed to others
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "test")
	data, err := os.ReadFile("/proc/self/exe")
	if err := errors.Join(err, os.WriteFile(binary, data, 0o755), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "root")
	if err := errors.Join(os.Mkdir(root, 0o755), os.Chown(root, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "-test.run=^TestNoPermission$", "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), permissionRoot+"="+root)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestNoPermission") {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}

// TestUndoableTargets: an immutable file, a mount point and another file system
// are found out before the commit point.
func TestUndoableTargets(t *testing.T) {
	t.Parallel()
	root := smallDisk(t, 16)
	other := filepath.Join(root, "other")
	immutable := filepath.Join(root, "immutable")
	mounted := filepath.Join(root, "mounted")
	if err := errors.Join(os.Mkdir(other, 0o755), os.WriteFile(immutable, nil, 0o644), os.WriteFile(mounted, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", other, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("no mounts here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(other, 0) })
	if err := syscall.Mount(filepath.Join(root, "immutable"), mounted, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("no bind mounts here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(mounted, 0) })
	j, err := journal.Open(t.Context(), root, manual())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	if out, err := exec.Command("chattr", "+i", immutable).CombinedOutput(); err != nil {
		t.Skipf("chattr: %v: %s", err, out)
	}
	t.Cleanup(func() { exec.Command("chattr", "-i", immutable).Run() })
	for name, c := range map[string]struct {
		tx   txFunc
		want error
	}{
		"another file system": {put("other/x", ""), syscall.EXDEV},
		"a mount point":       {put("mounted", ""), syscall.EBUSY},
		"an immutable file":   {put("immutable", ""), syscall.EPERM},
		"remove a mount":      {rm("mounted"), syscall.EBUSY},
		"remove an immutable": {rm("immutable"), syscall.EPERM},
		"rename an immutable": {mv("immutable", "i2"), syscall.EPERM},
	} {
		err := j.Update(t.Context(), do(put("a", "A"), c.tx))
		if !errors.Is(err, c.want) || errors.Is(err, journal.ErrCommitted) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if _, err := os.Lstat(filepath.Join(root, "a")); err == nil {
			t.Fatalf("%s: a was written", name)
		}
	}
	write(t, j, "a", "A")
}
