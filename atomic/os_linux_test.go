package atomic_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/forewrite/forewrite/atomic"
)

func TestAttributesAreKept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		opts atomic.Options
		kept bool
	}{
		{atomic.Options{NoSync: true}, true},
		{atomic.Options{FreshMetadata: true}, false},
		{atomic.Options{Backup: "~"}, true},
	} {
		name := filepath.Join(t.TempDir(), "f")
		put(t, name, "old")
		if err := unix.Setxattr(name, "user.note", []byte("kept"), 0); err != nil {
			t.Skip(err)
		}
		mustWrite(t, name, "new", &c.opts)
		buf := make([]byte, 10)
		n, err := unix.Getxattr(name, "user.note", buf)
		if c.kept && (err != nil || string(buf[:n]) != "kept") {
			t.Errorf("%q, %v", buf[:max(n, 0)], err)
		}
		if !c.kept && !errors.Is(err, unix.ENODATA) {
			t.Errorf("%q, %v: should be gone", buf[:max(n, 0)], err)
		}
	}
}

// asNobody runs f with the rights of an ordinary user, to whom the files in own are
// given, and who can reach dir.
func asNobody(t *testing.T, dir string, own []string, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { // made by t.TempDir for its user only
		t.Fatal(err)
	}
	for _, name := range own {
		if err := os.Chown(name, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		// Only this thread's, and only for files.
		if err := unix.Setfsgid(65534); err != nil {
			t.Error(err)
			return
		}
		if err := unix.Setfsuid(65534); err != nil {
			t.Error(err)
			return
		}
		f()
	}()
	<-done
}

func TestReadOnlyDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	put(t, name, "old")
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	asNobody(t, dir, []string{dir, name}, func() {
		for _, err := range []error{
			atomic.WriteFile(name, []byte("new"), 0o644, nil),
			atomic.WriteFile(filepath.Join(dir, "g"), []byte("new"), 0o644, nil),
			atomic.WriteFile(filepath.Join(dir, "d", "g"), []byte("new"), 0o644, nil),
			atomic.UpdateJSON(t.Context(), name, func(*counter, bool) error { return nil }, nil),
		} {
			if !errors.Is(err, fs.ErrPermission) {
				t.Errorf("%v, want fs.ErrPermission", err)
			}
		}
	})
	wantContent(t, name, "old")
	wantNames(t, dir, "f")
}

// Another user's file in this user's directory: it can be replaced, but its owner
// can't be set. The rights of its group must not go to this user's group.
func TestRightsOfALostOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make another's file")
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	put(t, name, "old")
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		uid, gid int
		old      fs.FileMode
		want     fs.FileMode
	}{
		{1234, 5678, fs.ModeSetuid | fs.ModeSetgid | 0o664, 0o644},
		{1234, 5678, 0o660, 0o600},
		{1234, 65534, fs.ModeSetuid | fs.ModeSetgid | 0o664, fs.ModeSetgid | 0o664},
		{1234, 5678, 0o200, 0o200},
	} {
		if err := os.Chown(name, c.uid, c.gid); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, c.old); err != nil {
			t.Fatal(err)
		}
		asNobody(t, dir, nil, func() {
			if err := atomic.WriteFile(name, []byte("new"), 0o644, nil); err != nil {
				t.Error(err)
			}
		})
		wantMode(t, name, c.want)
		mustWrite(t, name, "by root", nil) // root can keep every owner and mode
		fi, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if st := fi.Sys().(*syscall.Stat_t); st.Uid != 65534 || int(st.Gid) != 65534 {
			t.Errorf("owner %d:%d, want 65534:65534", st.Uid, st.Gid)
		}
	}
}

func bindMount(t *testing.T, what, where string) {
	t.Helper()
	if out, err := exec.Command("mount", "--bind", what, where).CombinedOutput(); err != nil {
		t.Skipf("bind mount: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(where, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

func TestAFileThatIsAMountPoint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name, outside := filepath.Join(dir, "f"), filepath.Join(dir, "outside")
	put(t, name, "")
	put(t, outside, "a long old content")
	bindMount(t, outside, name)

	if err := atomic.WriteFile(name, []byte("new"), 0o644, nil); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("%v, want EBUSY", err)
	}
	wantContent(t, outside, "a long old content")
	wantNames(t, dir, "f", "outside")
	for _, opts := range []*atomic.Options{{InPlace: true, Backup: "~"}, {InPlace: true, NoSync: true}} {
		mustWrite(t, name, "new", opts)
		wantContent(t, outside, "new")
		wantNames(t, dir, "f", "f~", "outside")
	}
	wantContent(t, name+"~", "a long old content")
	mustWrite(t, name, "new", &atomic.Options{InPlace: true, ExactMode: 0o640})
	wantMode(t, outside, 0o640)
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("tmpfs: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	name := filepath.Join(dir, "f")
	put(t, name, "old")
	for _, err := range []error{
		atomic.WriteFile(name, make([]byte, 1<<20), 0o644, nil),
		atomic.Write(name, countdown(1<<20), 0o644, nil),
		atomic.WriteFile(filepath.Join(dir, "d", "g"), make([]byte, 1<<20), 0o644, nil),
	} {
		if !errors.Is(err, syscall.ENOSPC) || err == nil || !strings.HasSuffix(err.Error(), ": write: no space left on device") {
			t.Errorf("%v, want ENOSPC", err)
		}
	}
	wantContent(t, name, "old")
	wantNames(t, dir, "f")
}

// The sequence in the comment of File.commit, as the kernel sees it.
func TestSystemCallsComeInOrder(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	trace, err := strace(t, []string{"-e", "trace=fsync,fdatasync,rename,renameat,renameat2,write"}, "once", filepath.Join(dir, "new", "f"))
	if err != nil {
		t.Fatalf("%v: %s", err, trace)
	}
	steps := regexp.MustCompile(`(?m)` + strings.Join([]string{
		`write\([^)]*/new/\.f\.forewrite[^)]*"content"`,
		`fsync\([^)]*/new/\.f\.forewrite`,
		`fsync\(\d+<` + regexp.QuoteMeta(dir) + `>`,
		`rename(at|at2)?\([^)]*\.tmp", .*/new/f"`,
		`fsync\(\d+<` + regexp.QuoteMeta(dir) + `/new>`,
	}, `[\s\S]*?`))
	if !steps.MatchString(trace) {
		t.Errorf("not in this order: %s\n%s", steps, trace)
	}
}

// Each system call of the sequence fails once, and the file is unchanged. Only when
// the last fsync fails, the new content is there and the error says so.
func TestAnyStepMayFail(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		what      string
		published bool
	}{
		{"fchmod:error=EPERM:when=1", false},
		{"fsync:error=EIO:when=1", false},
		{"rename,renameat:error=EACCES:when=1", false},
		{"fsync:error=EIO:when=2", true},
		{"fsync:error=EINVAL:when=2", false}, // no error: some can't sync directories
	} {
		dir := t.TempDir()
		name := filepath.Join(dir, "f")
		put(t, name, "old")
		said, err := strace(t, []string{"-e", "inject=" + c.what}, "once", name)
		if strings.Contains(c.what, "EINVAL") {
			if err != nil {
				t.Errorf("%s: %v: %s", c.what, err, said)
			}
			continue
		}
		if err == nil {
			t.Errorf("%s: no error: %s", c.what, said)
		}
		if strings.Contains(said, atomic.ErrPublished.Error()) != c.published {
			t.Errorf("%s: %s", c.what, said)
		}
		wantContent(t, name, map[bool]string{false: "old", true: "content"}[c.published])
		wantNames(t, dir, "f")
	}
}

// Another program makes the file after the comparison of IfMatch and before the file
// is published.
func TestIfMatchOfNothingHasNoGap(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	go func() {
		for t.Context().Err() == nil { // until all of it is written, and the last step is held up
			if temps, _ := filepath.Glob(filepath.Join(dir, ".f.*")); len(temps) == 1 {
				if fi, err := os.Stat(temps[0]); err == nil && fi.Size() > 0 {
					time.Sleep(500 * time.Millisecond)
					os.WriteFile(name, []byte("another program's"), 0o644)
					return
				}
			}
			time.Sleep(time.Millisecond)
		}
	}()
	said, err := strace(t, []string{"-e", "inject=rename,renameat,linkat:delay_enter=1500000"}, "ifmissing", name)
	if err == nil || !strings.Contains(said, atomic.ErrConflict.Error()) {
		t.Errorf("%v: %s, want ErrConflict", err, said)
	}
	wantContent(t, name, "another program's")
	wantNames(t, dir, "f")
}

// strace runs a child under strace with those arguments.
func strace(t *testing.T, flags []string, name string, args ...string) (said string, err error) {
	t.Helper()
	cmd := child(t, name, args...)
	exe := cmd.Path
	if cmd.Path, err = exec.LookPath("strace"); err != nil {
		t.Fatal(err)
	}
	cmd.Args = slices.Concat([]string{"strace", "-f", "-y"}, flags, []string{exe}, args)
	cmd.Stderr = nil
	out, err := cmd.CombinedOutput()
	if bytes.Contains(out, []byte("PTRACE_TRACEME")) {
		t.Skipf("%s", out)
	}
	return string(out), err
}

// childOnce writes one file, to be traced. It stays on one thread, because strace
// counts the calls of each thread.
func childOnce() {
	runtime.LockOSThread()
	childFatal(atomic.WriteFile(os.Args[1], []byte("content"), 0o644, nil))
}

func childIfMissing() {
	childFatal(atomic.WriteFile(os.Args[1], []byte("content"), 0o644, &atomic.Options{IfMatch: &atomic.Version{}, NoSync: true}))
}

func init() {
	children["once"] = childOnce
	children["ifmissing"] = childIfMissing
}
