package fsx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

func create(t *testing.T, name, content string) *os.File {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSyncDirReportsAMissingDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := SyncDir(dir); err != nil {
		t.Error(err)
	}
	err := SyncDir(filepath.Join(dir, "missing"))
	if runtime.GOOS != "windows" && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing directory: %v, want fs.ErrNotExist", err)
	}
}

func TestSyncDirFileReportsAClosedDirectory(t *testing.T) {
	t.Parallel()
	d, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := SyncDirFile(d); err != nil {
		t.Error(err)
	}
	d.Close()
	if err := SyncDirFile(d); runtime.GOOS != "windows" && !errors.Is(err, fs.ErrClosed) {
		t.Errorf("closed directory: %v, want fs.ErrClosed", err)
	}
}

func TestDatasyncReportsAClosedFile(t *testing.T) {
	t.Parallel()
	f := create(t, filepath.Join(t.TempDir(), "f"), "content")
	if err := Datasync(f); err != nil {
		t.Error(err)
	}
	f.Close()
	if err := Datasync(f); err == nil {
		t.Error("no error from a closed file")
	}
}

func TestCtimeFollowsAChangeOfMode(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "f")
	create(t, name, "")
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(name, old, old); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	ctime, ok := Ctime(fi)
	if !ok {
		t.Skip("no ctime on " + runtime.GOOS)
	}
	if age := time.Since(ctime); age < -time.Minute || age > time.Minute {
		t.Errorf("ctime is %v, %v ago: it must not follow Chtimes", ctime, age)
	}
}

func TestNlinkCountsNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	create(t, name, "")
	if err := os.Link(name, filepath.Join(dir, "g")); err != nil {
		t.Skip(err)
	}
	fi, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := Nlink(fi); ok && n != 2 {
		t.Errorf("%d names, want 2", n)
	}
}

func TestOwnerAndDeviceAreThoseOfTheDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := create(t, filepath.Join(dir, "f"), "")
	fi, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	di, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	uid, _, ok := Owner(fi)
	if ok && int(uid) != os.Geteuid() {
		t.Errorf("owner %d, want %d", uid, os.Geteuid())
	}
	dev1, ok1 := Device(fi)
	dev2, ok2 := Device(di)
	if ok1 != ok2 || dev1 != dev2 {
		t.Errorf("device %d (%v), the directory's is %d (%v)", dev1, ok1, dev2, ok2)
	}
	if _, ok := Device(foreignInfo{}); ok {
		t.Error("a device number from a FileInfo of another kind")
	}
}

func TestStatAtReturnsWhatLstatDoes(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	create(t, filepath.Join(root, "file"), "content")
	create(t, filepath.Join(root, "private"), "")
	for _, err := range []error{
		os.Chmod(filepath.Join(root, "private"), 0o600),
		os.Mkdir(filepath.Join(root, "dir"), 0o755),
		os.Chmod(filepath.Join(root, "dir"), 0o755|fs.ModeSticky|fs.ModeSetgid),
		os.Symlink("file", filepath.Join(root, "link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	dir, err := os.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, name := range []string{"file", "private", "dir", "link", "."} {
		fi, err := os.Lstat(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		e, err := StatAt(dir, name)
		if err != nil || !sameEntry(e, fi) {
			t.Errorf("%s: %+v, %v; Lstat returns %v", name, e, err, fs.FormatFileInfo(fi))
		}
	}
	if fi, err := dir.Stat(); err != nil {
		t.Error(err)
	} else if e, err := StatFile(dir); err != nil || !sameEntry(e, fi) {
		t.Errorf("StatFile: %+v, %v; Stat returns %v", e, err, fs.FormatFileInfo(fi))
	}
	if _, err := StatAt(dir, "nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
}

func sameEntry(e Info, fi fs.FileInfo) bool {
	uid, gid, _ := Owner(fi)
	device, _ := Device(fi)
	return e == Info{Mode: fi.Mode(), Size: fi.Size(), UID: uid, GID: gid, Device: device}
}

// foreignInfo comes from no real file system.
type foreignInfo struct{ fs.FileInfo }

func (foreignInfo) Sys() any { return nil }

func TestBootIDIsStable(t *testing.T) {
	t.Parallel()
	if a, b := BootID(), BootID(); a != b {
		t.Errorf("%q, then %q", a, b)
	}
	if _, err := os.Stat("/proc/sys/kernel/random/boot_id"); err == nil && len(BootID()) != 36 {
		t.Errorf("boot id %q is not a UUID", BootID())
	}
}

func TestProcessAliveFollowsAChild(t *testing.T) {
	t.Parallel()
	for _, pid := range []int{0, -1, -os.Getpid()} {
		if ProcessAlive(pid) {
			t.Errorf("%d is not a process", pid)
		}
	}
	if !ProcessAlive(os.Getpid()) {
		t.Error("this process is not alive")
	}
	child := exec.Command(os.Args[0], "-test.run=^$")
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	stdin.Close()
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	if ProcessAlive(child.Process.Pid) {
		t.Error("a process that was waited for is alive")
	}
}

func TestErrorClassesSeeThroughWrapping(t *testing.T) {
	t.Parallel()
	for _, list := range []struct {
		name string
		is   func(error) bool
		errs []error
		not  []error
	}{
		{"LinkUnsupported", LinkUnsupported, asErrors(linkErrnos), []error{nil, fs.ErrNotExist, errors.New("other")}},
		{"Temporary", Temporary, asErrors(temporaryErrnos), []error{nil, fs.ErrNotExist, fs.ErrInvalid, errors.New("other")}},
	} {
		for _, e := range list.errs {
			wrapped := fmt.Errorf("w: %w", &os.LinkError{Op: "link", Err: e})
			if !list.is(e) || !list.is(wrapped) {
				t.Errorf("%s(%v) = false", list.name, e)
			}
		}
		for _, e := range list.not {
			if list.is(e) {
				t.Errorf("%s(%v) = true", list.name, e)
			}
		}
	}
}

func asErrors[E error](list []E) (out []error) {
	for _, e := range list {
		out = append(out, e)
	}
	return out
}
