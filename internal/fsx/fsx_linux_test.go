package fsx

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestKernelRelease(t *testing.T) {
	t.Parallel()
	for release, want := range map[string]bool{
		"5.8.0":            true,
		"5.8-rc1":          true,
		"5.10.0-28-amd64":  true,
		"6.1":              true,
		"10.0.0":           true,
		"5.7.19":           false,
		"4.19.0":           false,
		"":                 false,
		"six.one":          false,
		"5":                false,
		"5.":               false,
		"5.x":              false,
		"18446744073709.1": true,
	} {
		if got := kernelAtLeast(release, 5, 8); got != want {
			t.Errorf("%q: %v", release, got)
		}
	}
}

// Since Linux 6.13 a file whose times were read and that is changed within the same tick
// of the clock gets a time of its own. Files whose times were not read share one.
func TestStatAtReadsNoTimes(t *testing.T) {
	times := func(look func(name string) error) int {
		dir := t.TempDir()
		seen := make(map[time.Time]struct{})
		var names []string
		for i := range 200 {
			name := filepath.Join(dir, strconv.Itoa(i))
			create(t, name, "").Close()
			if err := errors.Join(look(name), os.Chmod(name, 0o600)); err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
		for _, name := range names {
			fi, err := os.Lstat(name)
			if err != nil {
				t.Fatal(err)
			}
			ctime, _ := Ctime(fi)
			seen[ctime] = struct{}{}
		}
		return len(seen)
	}
	asked := times(func(name string) error { _, err := os.Lstat(name); return err })
	most := asked * 9 / 10
	fewest := asked
	for n := 0; n < 20 && fewest > most; n++ { // other programs of the machine can read times, too
		fewest = min(fewest, times(func(name string) error {
			dir, err := os.Open(filepath.Dir(name))
			if err != nil {
				return err
			}
			defer dir.Close()
			_, err = StatAt(dir, filepath.Base(name))
			return err
		}))
	}
	t.Logf("200 changes have %d different times after Lstat, %d after StatAt", asked, fewest)
	if asked > 150 && fewest > most {
		t.Error("StatAt reads times")
	}
}

func TestSyncFSOnlyWhereErrorsAreReported(t *testing.T) {
	t.Parallel()
	proc, err := os.Open("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	defer proc.Close()
	if supported, err := SyncFS(proc); supported || err != nil {
		t.Errorf("procfs: %v, %v", supported, err)
	}
	f := create(t, filepath.Join(t.TempDir(), "f"), "content")
	supported, err := SyncFS(f)
	t.Logf("file system of the temporary directory: supported=%v", supported)
	if err != nil {
		t.Error(err)
	}
}

func TestDropCacheRemovesPagesFromTheCache(t *testing.T) {
	t.Parallel()
	f := create(t, filepath.Join(t.TempDir(), "f"), "")
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	if st.Type == unix.TMPFS_MAGIC || st.Type == unix.RAMFS_MAGIC {
		t.Skip("the cache is all that this file system has")
	}
	content := bytes.Repeat([]byte("x"), 64<<10)
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil { // only clean pages can be dropped
		t.Fatal(err)
	}
	if n := cachedPages(t, f, len(content)); n == 0 {
		t.Skip("a new file is not in the cache here")
	}
	DropCache(f)
	if n := cachedPages(t, f, len(content)); n != 0 {
		t.Errorf("%d pages are still in the cache", n)
	}
	if b, err := os.ReadFile(f.Name()); err != nil || !bytes.Equal(b, content) {
		t.Errorf("%d bytes, %v: the content is another one", len(b), err)
	}
}

// cachedPages returns how many pages of the file are in the page cache.
func cachedPages(t *testing.T, f *os.File, size int) (n int) {
	t.Helper()
	m, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(m)
	resident := make([]byte, size/os.Getpagesize())
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&m[0])), uintptr(size), uintptr(unsafe.Pointer(&resident[0])))
	if errno != 0 {
		t.Fatal(errno)
	}
	for _, r := range resident {
		n += int(r & 1)
	}
	return n
}

// pair makes a source and a destination in one directory.
func pair(t *testing.T) (dst, src *os.File) {
	dir := t.TempDir()
	return create(t, filepath.Join(dir, "dst"), "new"), create(t, filepath.Join(dir, "src"), "old")
}

func setAttr(t *testing.T, f *os.File, name string, value []byte) {
	t.Helper()
	err := unix.Fsetxattr(int(f.Fd()), name, value, 0)
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSPC) {
		t.Skipf("set %s: %v", name, err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func wantAttr(t *testing.T, f *os.File, name string, want []byte) {
	t.Helper()
	got, err := getAttr(f, name)
	if want == nil {
		if !errors.Is(err, unix.ENODATA) {
			t.Errorf("%s: %q, %v, want none", name, got, err)
		}
		return
	}
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %q, %v, want %q", name, got, err, want)
	}
}

func TestCopyMetaCopiesAttributes(t *testing.T) {
	t.Parallel()
	dst, src := pair(t)
	large := bytes.Repeat([]byte("x"), 1500) // more than the first buffer holds
	setAttr(t, src, "user.small", []byte("1"))
	setAttr(t, src, "user.empty", []byte{})
	setAttr(t, src, "user.exactly", large[:256])
	setAttr(t, src, "user.large", large)
	setAttr(t, dst, "user.small", []byte("other"))
	if err := CopyMeta(dst, src); err != nil {
		t.Fatal(err)
	}
	wantAttr(t, dst, "user.small", []byte("1"))
	wantAttr(t, dst, "user.empty", []byte{})
	wantAttr(t, dst, "user.exactly", large[:256])
	wantAttr(t, dst, "user.large", large)
}

func TestCopyMetaCopiesManyNames(t *testing.T) {
	t.Parallel()
	dst, src := pair(t)
	var names []string
	for c := 'a'; c <= 'p'; c++ {
		name := "user." + string(bytes.Repeat([]byte{byte(c)}, 40))
		names = append(names, name) // together more than the first buffer holds
		setAttr(t, src, name, []byte{byte(c)})
	}
	if err := CopyMeta(dst, src); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		wantAttr(t, dst, name, []byte(name[5:6]))
	}
}

// acl is u::rw-,u:1:rw-,g::r--,m::rw-,o::---, in the form of the kernel.
var acl = []byte{2, 0, 0, 0,
	1, 0, 6, 0, 255, 255, 255, 255,
	2, 0, 6, 0, 1, 0, 0, 0,
	4, 0, 4, 0, 255, 255, 255, 255,
	16, 0, 6, 0, 255, 255, 255, 255,
	32, 0, 0, 0, 255, 255, 255, 255,
}

func TestCopyMetaCopiesAccessList(t *testing.T) {
	t.Parallel()
	dst, src := pair(t)
	setAttr(t, src, aclAccess, acl)
	if err := CopyMeta(dst, src); err != nil {
		t.Fatal(err)
	}
	wantAttr(t, dst, aclAccess, acl)
}

func TestCopyMetaRemovesAnInheritedAccessList(t *testing.T) {
	t.Parallel()
	dst, src := pair(t)
	setAttr(t, dst, aclAccess, acl)
	if err := CopyMeta(dst, src); err != nil {
		t.Fatal(err)
	}
	wantAttr(t, dst, aclAccess, nil)
}

func TestCopyMetaLeavesCapabilities(t *testing.T) {
	t.Parallel()
	dst, src := pair(t)
	netBind := []byte{1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} // VFS_CAP_REVISION_2
	setAttr(t, src, "security.capability", netBind)
	if err := CopyMeta(dst, src); err != nil {
		t.Fatal(err)
	}
	wantAttr(t, dst, "security.capability", nil)
}

func TestCopyMetaCopiesOwner(t *testing.T) {
	t.Parallel()
	dst, src := pair(t)
	if err := src.Chown(12345, 23456); err != nil {
		t.Skip(err)
	}
	if err := CopyMeta(dst, src); err != nil {
		t.Fatal(err)
	}
	fi, err := dst.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if uid, gid, _ := Owner(fi); uid != 12345 || gid != 23456 {
		t.Errorf("owner %d:%d", uid, gid)
	}
}

func TestCopyMetaReportsAClosedFile(t *testing.T) {
	t.Parallel()
	dst, src := pair(t)
	src.Close()
	if err := CopyMeta(dst, src); !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v, want os.ErrClosed", err)
	}
}

func TestNothingToCopyAllocatesNothingBeyondStat(t *testing.T) {
	dst, src := pair(t)
	stat := testing.AllocsPerRun(100, func() { src.Stat() })
	all := testing.AllocsPerRun(100, func() { CopyMeta(dst, src) })
	if all > 2*stat {
		t.Errorf("%v allocations, two stats make %v", all, 2*stat)
	}
}

func TestCheckReplaceableSeesABindMount(t *testing.T) {
	dir := t.TempDir()
	create(t, filepath.Join(dir, "f"), "")
	create(t, filepath.Join(dir, "g"), "mounted")
	if out, err := exec.Command("mount", "--bind", filepath.Join(dir, "g"), filepath.Join(dir, "f")).CombinedOutput(); err != nil {
		t.Skipf("bind mount: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(filepath.Join(dir, "f"), unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for name, want := range map[string]error{"f": unix.EBUSY, "g": nil} {
		e, err := StatAt(d, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckReplaceable(d, e); err != want {
			t.Errorf("CheckReplaceable of %s: %v, want %v", name, err, want)
		}
	}
}

func TestNoXattrsOnlyWithoutAttributes(t *testing.T) {
	t.Parallel()
	dst, src := pair(t)
	if !NoXattrs(dst, src.Name()) {
		t.Skip("every file has attributes here")
	}
	dir, err := os.Open(filepath.Dir(src.Name()))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	known := NoXattrsAt(dst, dir, "src") // Linux 6.13 and later
	t.Logf("NoXattrsAt works: %v", known)
	setAttr(t, src, "user.a", []byte("1"))
	if NoXattrs(dst, src.Name()) || NoXattrs(src, dst.Name()) {
		t.Error("an attribute is not seen")
	}
	if NoXattrsAt(dst, dir, "src") || NoXattrsAt(src, dir, "dst") {
		t.Error("NoXattrsAt does not see an attribute")
	}
	if known != NoXattrsAt(dst, dir, "dst") {
		t.Error("an attribute of one file is seen on another")
	}
	if NoXattrs(dst, src.Name()+".missing") || NoXattrsAt(dst, dir, "missing") {
		t.Error("true for a missing file")
	}
}

func TestNoXattrsAtDoesNotFollowALink(t *testing.T) {
	t.Parallel()
	dst, src := pair(t)
	setAttr(t, src, "user.a", []byte("1"))
	dir, err := os.Open(filepath.Dir(src.Name()))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := os.Symlink("src", filepath.Join(dir.Name(), "link")); err != nil {
		t.Fatal(err)
	}
	if NoXattrsAt(dst, dir, "link") != NoXattrsAt(dst, dir, "dst") {
		t.Error("the attributes of the link's target were counted")
	}
}
