package staging_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/internal/testenv"
	"golang.org/x/sys/unix"
)

// Where a file can't be linked, here since it is on another file system, LinkIn says so,
// and Clone makes a copy with everything but the times.
func TestCloneCopiesWhatCannotBeLinked(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, root)
	away := filepath.Join(root, "away")
	if err := os.Mkdir(away, 0o755); err != nil {
		t.Fatal(err)
	}
	testenv.Mount(t, "none", away, "tmpfs", 0, "size=1m")
	f := filepath.Join(away, "f")
	if err := os.WriteFile(f, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(f, 12, 34); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setxattr(f, "user.note", []byte("N"), 0); err != nil {
		t.Logf("no extended attributes here: %v", err)
	}
	if err := os.Chmod(f, 0o640|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	if _, linked, err := s.LinkIn("away/f"); linked || err != nil {
		t.Errorf("LinkIn: %v, %v", linked, err)
	}
	name, err := s.Clone("away/f")
	if err != nil {
		t.Fatal(err)
	}
	clone := filepath.Join(root, filepath.FromSlash(s.Path(name)))
	if data, err := os.ReadFile(clone); err != nil || string(data) != "content" {
		t.Errorf("%q, %v", data, err)
	}
	var got, want unix.Stat_t
	if err := unix.Stat(clone, &got); err != nil {
		t.Fatal(err)
	}
	if err := unix.Stat(f, &want); err != nil {
		t.Fatal(err)
	}
	if got.Mode != want.Mode || got.Uid != want.Uid || got.Gid != want.Gid {
		t.Errorf("mode %o of %d:%d, want %o of %d:%d", got.Mode, got.Uid, got.Gid, want.Mode, want.Uid, want.Gid)
	}
	attr := make([]byte, 10)
	wantN, wantErr := unix.Getxattr(f, "user.note", attr)
	if n, err := unix.Getxattr(clone, "user.note", attr); n != wantN || (err == nil) != (wantErr == nil) {
		t.Errorf("attribute of %d bytes, %v; want %d, %v", n, err, wantN, wantErr)
	}
}
