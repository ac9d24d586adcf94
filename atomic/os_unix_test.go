//go:build unix

package atomic_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/forewrite/forewrite/atomic"
)

func wantMode(t *testing.T, name string, want fs.FileMode) {
	t.Helper()
	fi, err := os.Stat(name)
	if err != nil {
		t.Error(err)
	} else if fi.Mode() != want {
		t.Errorf("mode %v, want %v", fi.Mode(), want)
	}
}

// Not parallel: the umask is the process's.
func TestModes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	for _, c := range []struct {
		what string
		old  fs.FileMode // 0: there is no file yet
		perm fs.FileMode
		opts atomic.Options
		want fs.FileMode
	}{
		{"a new file: umask", 0, 0o666, atomic.Options{}, 0o640},
		{"a new file: exact", 0, 0o600, atomic.Options{ExactMode: 0o666}, 0o666},
		{"a new file: exact without write", 0, 0, atomic.Options{ExactMode: 0o444}, 0o444},
		{"a new file: set-id, less the umask", 0, fs.ModeSetuid | fs.ModeSetgid | 0o757, atomic.Options{}, fs.ModeSetuid | fs.ModeSetgid | 0o750},
		{"a new file: sticky, less the umask", 0, fs.ModeSticky | 0o666, atomic.Options{}, fs.ModeSticky | 0o640},
		{"an old file: kept", 0o604, 0o644, atomic.Options{}, 0o604},
		{"an old file: set-id kept", fs.ModeSetuid | fs.ModeSetgid | 0o755, 0o644, atomic.Options{}, fs.ModeSetuid | fs.ModeSetgid | 0o755},
		{"an old file without read: kept", 0o200, 0o644, atomic.Options{}, 0o200},
		{"an old file: exact", 0o604, 0o644, atomic.Options{ExactMode: 0o666}, 0o666},
		{"an old file: fresh", 0o604, 0o666, atomic.Options{FreshMetadata: true}, 0o640},
		{"an old file: fresh and exact", 0o604, 0o644, atomic.Options{FreshMetadata: true, ExactMode: 0o666}, 0o666},
	} {
		name := filepath.Join(t.TempDir(), "f")
		if c.old != 0 {
			put(t, name, "old")
			if err := os.Chmod(name, c.old); err != nil {
				t.Fatal(err)
			}
		}
		if err := atomic.WriteFile(name, []byte("new"), c.perm, &c.opts); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		t.Log(c.what)
		wantMode(t, name, c.want)
	}
	dir := t.TempDir()
	mustWrite(t, filepath.Join(dir, "new", "f"), "", nil)
	wantMode(t, filepath.Join(dir, "new"), fs.ModeDir|0o750)
	if err := atomic.WriteJSON(filepath.Join(dir, "j"), 1, nil); err != nil {
		t.Fatal(err)
	}
	wantMode(t, filepath.Join(dir, "j"), 0o640)
}

// Until the mode of the existing file is copied, only the owner may read the new
// content.
func TestTemporaryFileIsPrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "secret")
	put(t, name, "old")
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	f := mustCreate(t, name, nil)
	names, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	wantMode(t, names[0], 0o600)
	f.Close()
}

func TestSpecialFilesAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o644); err != nil {
		t.Fatal(err)
	}
	names := []string{fifo, os.DevNull}
	if l, err := net.Listen("unix", filepath.Join(dir, "sock")); err == nil {
		defer l.Close()
		names = append(names, filepath.Join(dir, "sock"))
	}
	for _, name := range names {
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := atomic.WriteFile(name, nil, 0o644, nil); !errors.Is(err, atomic.ErrNotRegular) {
				t.Errorf("%s: %v, want ErrNotRegular", name, err)
			}
			want := atomic.ErrNotRegular
			if filepath.Base(name) == "sock" { // it can't even be opened
				want = openError(name)
			}
			if _, err := atomic.ReadJSON[int](name); !errors.Is(err, want) {
				t.Errorf("ReadJSON of %s: %v, want %v", name, err, want)
			}
			if _, err := atomic.VersionOf(name); !errors.Is(err, want) {
				t.Errorf("VersionOf %s: %v, want %v", name, err, want)
			}
		}()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: hangs", name)
		}
	}
}

// openError is the error number of an open of what can't be opened.
func openError(name string) error {
	fd, err := syscall.Open(name, syscall.O_RDONLY, 0)
	if err == nil {
		syscall.Close(fd)
		return errors.ErrUnsupported // never the error of this package
	}
	return err
}
