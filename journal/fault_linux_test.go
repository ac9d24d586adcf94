package journal_test

import (
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

	"github.com/forewrite/forewrite/internal/testenv"
	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal"
)

// TestDiskFull: on a disk that is full at every possible moment, a transaction
// fails with ENOSPC and nothing changed, or is done; and when there is room again,
// the same journal goes on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	root := testenv.Ext4(t, 32)
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
		if d := testtree.Diff(content(t, root), want); d != "" {
			t.Fatalf("after transaction %d failed:\n%s", n, d)
		}
		if left := staging(t, root); len(left) > 40 {
			t.Fatalf("after transaction %d failed: %d files in staging", n, len(left))
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
	if d := testtree.Diff(content(t, root), want); d != "" {
		t.Errorf("after reopening:\n%s", d)
	}
}

// TestNoPermission: what the user may not do fails before the commit point.
func TestNoPermission(t *testing.T) {
	t.Parallel()
	if !testenv.AsOrdinaryUser(t) {
		return
	}
	root := t.TempDir()
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
		if d := testtree.Diff(tree(t, root), before); d != "" {
			t.Fatalf("%s: the tree changed:\n%s", name, d)
		}
	}
	write(t, j, "b", "a file that is only read-only can be replaced")
}

// TestUndoableTargets: an immutable file, a mount point and another file system
// are found out before the commit point.
func TestUndoableTargets(t *testing.T) {
	t.Parallel()
	root := testenv.Ext4(t, 16)
	other := filepath.Join(root, "other")
	immutable := filepath.Join(root, "immutable")
	mounted := filepath.Join(root, "mounted")
	if err := errors.Join(os.Mkdir(other, 0o755), os.WriteFile(immutable, nil, 0o644), os.WriteFile(mounted, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	testenv.Mount(t, "none", other, "tmpfs", 0, "size=1m")
	testenv.Mount(t, immutable, mounted, "", syscall.MS_BIND, "")
	j, err := journal.Open(t.Context(), root, manual())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	if out, err := exec.Command("chattr", "+i", immutable).CombinedOutput(); err != nil {
		t.Fatalf("chattr: %v: %s", err, out)
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
