package journal_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal"
	"golang.org/x/sys/unix"
)

// The file in staging is made anew, so whatever the old one had is given to it. What
// it has already is not set again, and one that had no attributes is not opened.
func TestAReplacedFileKeepsModeOwnerAndAttributes(t *testing.T) {
	t.Parallel()
	mode := func(mode os.FileMode) func(string) error {
		return func(p string) error { return os.Chmod(p, mode) }
	}
	owner := func(uid, gid int) func(string) error {
		return func(p string) error { return os.Chown(p, uid, gid) }
	}
	attr := func(p string) error { return unix.Lsetxattr(p, "user.a", []byte("1"), 0) }
	for name, give := range map[string][]func(string) error{
		"closed to others":            {mode(0o600)},
		"more than most umasks grant": {mode(0o666)},
		"not readable":                {mode(0o200)},
		"set-id":                      {mode(0o711 | os.ModeSetuid | os.ModeSetgid)},
		"somebody else's":             {owner(12345, 23456), mode(0o640)},
		"somebody else's, set-id":     {owner(12345, 23456), mode(0o750 | os.ModeSetuid)},
		"another group's":             {owner(-1, 23456)},
		"with an attribute":           {attr},
		"with all of it":              {owner(12345, 23456), attr, mode(0o604 | os.ModeSetgid)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			if err := os.Mkdir(filepath.Join(root, "d"), 0o755); err != nil {
				t.Fatal(err)
			}
			paths := []string{"f", "d/f"}
			want := make(map[string]string)
			for _, p := range paths {
				full := filepath.Join(root, p)
				if err := os.WriteFile(full, []byte("old"), 0o644); err != nil {
					t.Fatal(err)
				}
				for _, g := range give {
					err := g(full)
					if errors.Is(err, unix.EPERM) && os.Geteuid() != 0 {
						t.Skipf("needs root: makes a file of another owner: %v", err)
					}
					if errors.Is(err, unix.EOPNOTSUPP) {
						t.Skipf("needs a file system with user attributes: %v", err)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				want[p] = about(t, full)
			}
			j := open(t, root, nil)
			update(t, j, do(put("f", "new"), put("d/f", "new")))
			update(t, j, do(put("f", "newer"), put("d/f", "newer")))
			for _, p := range paths {
				if got := about(t, filepath.Join(root, p)); got != want[p] {
					t.Errorf("%s: %s, was %s", p, got, want[p])
				}
				if data, err := os.ReadFile(filepath.Join(root, p)); err != nil && os.Geteuid() == 0 || err == nil && string(data) != "newer" {
					t.Errorf("%s: %q, %v", p, data, err)
				}
			}
		})
	}
}

func TestAFileThatIsRemovedAndMadeInOneTransactionIsNew(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	f := filepath.Join(root, "f")
	j := open(t, root, nil)
	write(t, j, "f", "new")
	want := about(t, f)
	for name, removal := range map[string]txFunc{"Remove": rm("f"), "RemoveAll": rmAll("f"), "Rename": mv("f", "g")} {
		if err := os.Chmod(f, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := unix.Lsetxattr(f, "user.a", []byte("1"), 0); err != nil {
			t.Skipf("needs a file system with user attributes: %v", err)
		}
		update(t, j, do(removal, put("f", "new")))
		if got := about(t, f); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// The predecessor of a file may be in flight: it is that one, and not the one that is
// still in place.
func TestAFileTakesOverFromTheOneInFlight(t *testing.T) {
	t.Parallel()
	for name, give := range map[string]func(f string) error{
		"an attribute": func(f string) error { return unix.Lsetxattr(f, "user.a", []byte("1"), 0) },
		"an owner":     func(f string) error { return os.Chown(f, 12345, 23456) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			f := filepath.Join(root, "f")
			j := open(t, root, manual())
			write(t, j, "f", "new")
			want := about(t, f)
			if err := give(f); err != nil {
				t.Skipf("needs root, and a file system with user attributes: %v", err)
			}
			release := delayed(t, root)
			done := make(chan error, 2)
			go func() { done <- j.Update(context.Background(), do(rm("f"), put("f", "new"))) }()
			wait(t, "a new file is in flight", func() bool { return j.Stats().InFlight == 1 })
			go func() { done <- j.Update(context.Background(), put("f", "newer")) }()
			wait(t, "its successor is prepared", func() bool { return len(staging(t, root)) == 2 })
			time.Sleep(20 * time.Millisecond)
			release()
			if err := errors.Join(<-done, <-done); err != nil {
				t.Fatal(err)
			}
			if got := about(t, f); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

func TestANewFileHasTheGroupOfASetGroupIDDirectory(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	d := filepath.Join(root, "d")
	if err := errors.Join(os.Mkdir(d, 0o755), os.Chown(d, -1, 23456), os.Chmod(d, 0o755|os.ModeSetgid)); err != nil {
		t.Skipf("needs root: makes a directory of another group: %v", err)
	}
	j := open(t, root, nil)
	update(t, j, do(put("d/f", "new"), stream("d/large", large)))
	if err := os.WriteFile(filepath.Join(d, "system"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	want := about(t, filepath.Join(d, "system"))
	for _, name := range []string{"f", "large"} {
		if got := about(t, filepath.Join(d, name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// A file that is removed has no successor: what is made at its name afterwards takes over
// nothing, even if the old one is still in place.
func TestANewFileTakesNothingOverFromOneThatIsBeingRemoved(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	f := filepath.Join(root, "f")
	j := open(t, root, manual())
	write(t, j, "f", "new") // as a new file is
	want := about(t, f)
	update(t, j, rm("f"))
	if err := os.WriteFile(f, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Lsetxattr(f, "user.a", []byte("1"), 0); err != nil {
		t.Skipf("needs a file system with user attributes: %v", err)
	}
	release := delayed(t, root)
	done := make(chan error, 2)
	go func() { done <- j.Update(context.Background(), rm("f")) }()
	wait(t, "the removal is in flight", func() bool { return j.Stats().InFlight == 1 })
	go func() { done <- j.Update(context.Background(), put("f", "new")) }()
	wait(t, "the new file is in flight", func() bool { return len(staging(t, root)) == 1 })
	time.Sleep(20 * time.Millisecond)
	release()
	if err := errors.Join(<-done, <-done); err != nil {
		t.Fatal(err)
	}
	if got := about(t, f); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// about tells mode, owner and attribute of a file.
func about(t *testing.T, p string) string {
	t.Helper()
	fi, err := os.Lstat(p)
	if err != nil {
		t.Fatal(err)
	}
	uid, gid, _ := fsx.Owner(fi)
	var buf [16]byte
	n, err := unix.Lgetxattr(p, "user.a", buf[:])
	if err != nil {
		n = 0
	}
	return fmt.Sprintf("%v %d:%d %q", fi.Mode(), uid, gid, buf[:n])
}

// A file may be put into place between two looks at it by the transaction that replaces
// it: it must not pass for a new one.
func TestAFileKeepsItsOwnerWhileItIsPutIntoPlace(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	root := t.TempDir()
	j := open(t, root, manual())
	for n := range 60 {
		src, name := fmt.Sprint("src", n), fmt.Sprint("a", n)
		if err := os.WriteFile(filepath.Join(root, src), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(filepath.Join(root, src), 1000, 1000); err != nil {
			t.Fatal(err)
		}
		first, err := j.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := first.Rename(src, name); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			done <- j.Update(t.Context(), func(tx *journal.Tx) error {
				if _, err := tx.Stat(name); err != nil {
					return err
				}
				for i := range n {
					if err := tx.WriteFile(fmt.Sprint("z", i), nil, 0o644); err != nil {
						return err
					}
				}
				return tx.WriteFile(name, []byte("new"), 0o644)
			})
		}()
		if err := errors.Join(first.Commit(), <-done); err != nil {
			t.Fatal(err)
		}
		fi, err := os.Lstat(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if uid := fi.Sys().(*syscall.Stat_t).Uid; uid != 1000 {
			t.Fatalf("round %d: the owner is %d", n, uid)
		}
	}
}
