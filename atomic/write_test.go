package atomic_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/forewrite/forewrite/atomic"
)

func TestWriteFileMakesAndReplaces(t *testing.T) {
	t.Parallel()
	for _, opts := range []*atomic.Options{nil, {}, {NoSync: true}, {FreshMetadata: true}, {InPlace: true}} {
		dir := t.TempDir()
		name := filepath.Join(dir, "f")
		for _, content := range []string{"first", "", "a longer second one"} {
			if err := atomic.WriteFile(name, []byte(content), 0o644, opts); err != nil {
				t.Fatal(err)
			}
			wantContent(t, name, content)
			wantNames(t, dir, "f")
		}
	}
}

func TestWriteFileTakesRelativeNames(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"f", "./g", "new/deep/h"} {
		if err := atomic.WriteFile(name, []byte(name), 0o644, nil); err != nil {
			t.Fatal(err)
		}
		wantContent(t, name, name)
	}
	wantNames(t, ".", "f", "g", "new")
}

func TestWriteCopiesAReader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<15)
	src := filepath.Join(dir, "src")
	put(t, src, string(large))
	file, err := os.Open(src)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for kind, r := range map[string]io.Reader{
		"memory":   bytes.NewReader(large),
		"file":     file,
		"one byte": iotest.OneByteReader(bytes.NewReader(large[:1000])),
	} {
		name := filepath.Join(dir, "f")
		if err := atomic.Write(name, r, 0o644, nil); err != nil {
			t.Fatal(kind, err)
		}
		want := large
		if kind == "one byte" {
			want = large[:1000]
		}
		wantContent(t, name, string(want))
	}
	wantNames(t, dir, "f", "src")
}

// A reader beside writers must find one of the contents, whole.
func TestReadersNeverSeeAMix(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "f")
	contents := []string{strings.Repeat("a", 20000), strings.Repeat("b", 30000)}
	put(t, name, contents[0])
	var writers sync.WaitGroup
	done := make(chan struct{})
	for _, c := range contents {
		writers.Go(func() {
			for range 100 {
				if err := atomic.WriteFile(name, []byte(c), 0o644, &atomic.Options{NoSync: true}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	go func() { writers.Wait(); close(done) }()
	for {
		got, err := os.ReadFile(name)
		if err != nil && runtime.GOOS != "windows" {
			t.Fatal(err)
		}
		if err == nil && string(got) != contents[0] && string(got) != contents[1] {
			t.Fatalf("a mix of %d bytes", len(got))
		}
		select {
		case <-done:
			wantNames(t, filepath.Dir(name), "f")
			return
		default:
		}
	}
}

func TestBadInputChangesNothing(t *testing.T) {
	t.Parallel()
	errReader := errors.New("the reader's own")
	long := strings.Repeat("n", 256)
	for _, c := range []struct {
		what  string
		name  string // in a directory that holds "dir", "file" and links
		opts  *atomic.Options
		r     io.Reader
		perm  fs.FileMode
		want  []error
		unix  bool
		names string
	}{
		{what: "a directory", name: "dir", want: []error{atomic.ErrNotRegular, syscall.EISDIR}},
		{what: "a directory by a slash", name: "dir" + string(filepath.Separator), want: []error{fs.ErrInvalid}},
		{what: "no name", name: "", want: []error{fs.ErrInvalid}},
		{what: "a parent that is missing", name: "missing/f", opts: &atomic.Options{NoMkdir: true}, want: []error{fs.ErrNotExist}},
		{what: "a parent that is a file", name: "file/f", want: []error{syscall.ENOTDIR}, unix: true},
		{what: "a grandparent that is a file", name: "file/d/f", want: []error{syscall.ENOTDIR}, unix: true},
		{what: "a dangling link", name: "dangling", want: []error{atomic.ErrDangling, fs.ErrNotExist}},
		{what: "a dangling chain", name: "chain", want: []error{atomic.ErrDangling, fs.ErrNotExist}},
		{what: "a loop", name: "loop", want: []error{syscall.ELOOP}, unix: true},
		{what: "a loop on the way", name: "loop/f", want: []error{syscall.ELOOP}, unix: true},
		{what: "a link to a directory", name: "dirlink", want: []error{atomic.ErrNotRegular}},
		{what: "a link, rejected", name: "link", opts: &atomic.Options{Symlink: atomic.SymlinkReject}, want: []error{atomic.ErrSymlink}},
		{what: "a name of 256 bytes", name: long, want: []error{syscall.ENAMETOOLONG}, unix: true},
		{what: "such a name in a new directory", name: "new/" + long, want: []error{syscall.ENAMETOOLONG}, unix: true},
		{what: "a new directory of such a name", name: "new/" + long + "/f", want: []error{syscall.ENAMETOOLONG}, unix: true},
		{what: "a zero byte", name: "a\x00b", want: []error{syscall.EINVAL}},
		{what: "a reader that fails halfway", name: "file", r: io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errReader)), want: []error{errReader}},
		{what: "a reader that fails, in a new directory", name: "new/deep/f", r: iotest.ErrReader(errReader), want: []error{errReader}},
		{what: "a mode that is a type", name: "file", perm: fs.ModeDir | 0o755, want: []error{fs.ErrInvalid}},
		{what: "a file, not to be clobbered", name: "file", opts: &atomic.Options{NoClobber: true}, want: []error{fs.ErrExist}},
		{what: "another version", name: "file", opts: &atomic.Options{IfMatch: version("other")}, want: []error{atomic.ErrConflict}},
		{what: "another version of the same size", name: "file", opts: &atomic.Options{IfMatch: version("oLd")}, want: []error{atomic.ErrConflict}},
		{what: "a version where there should be none", name: "file", opts: &atomic.Options{IfMatch: &atomic.Version{}}, want: []error{atomic.ErrConflict}},
		{what: "no version where there should be one", name: "none", opts: &atomic.Options{IfMatch: version("old")}, want: []error{atomic.ErrConflict}},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			if c.unix && runtime.GOOS == "windows" {
				t.Skip("another error there")
			}
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "dir"), 0o755); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(dir, "file"), "old")
			for name, to := range map[string]string{
				"dangling": "nowhere", "chain": "dangling", "loop": "pool", "pool": "loop", "dirlink": "dir", "link": "file",
			} {
				symlink(t, to, filepath.Join(dir, name))
			}
			name := c.name
			if name != "" {
				name = dir + string(filepath.Separator) + name
			}
			if c.r == nil {
				c.r = strings.NewReader("new")
			}
			err := atomic.Write(name, c.r, c.perm|0o644, c.opts)
			for _, want := range c.want {
				if !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
			}
			var typed *atomic.Error
			if !errors.As(err, &typed) || typed.Path != name || typed.Op != "write" {
				t.Errorf("%#v is not an *atomic.Error about the file", err)
			}
			if err != nil && (strings.Contains(err.Error(), ".tmp") || !strings.HasPrefix(err.Error(), "atomic: write ")) {
				t.Errorf("bad message: %v", err)
			}
			wantContent(t, filepath.Join(dir, "file"), "old")
			wantNames(t, dir, "chain", "dangling", "dir", "dirlink", "file", "link", "loop", "pool")
			wantNames(t, filepath.Join(dir, "dir"))
		})
	}
}

func TestNewDirectoriesStayWhenOthersUseThem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := atomic.Create(filepath.Join(dir, "a", "b", "f"), 0o644, nil)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "a", "other"), "")
	f.Close()
	wantNames(t, filepath.Join(dir, "a"), "other")
}

// countdown gives n bytes without holding them.
func countdown(n int64) io.Reader { return io.LimitReader(zeroes{}, n) }

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { return len(p), nil }

func TestWriteOfALargeReaderNeedsLittleMemory(t *testing.T) {
	const size = 64 << 20
	name := filepath.Join(t.TempDir(), "f")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := atomic.Write(name, countdown(size), 0o644, &atomic.Options{NoSync: true}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	// Everything that was ever allocated: more than what was in use at once.
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes of memory for a file of %d", used, size)
	}
	if fi, err := os.Stat(name); err != nil || fi.Size() != size {
		t.Errorf("%v, %v", fi, err)
	}
}

// childWrite writes two contents in turn until it is killed.
func childWrite() {
	for i, start := 0, time.Now(); time.Since(start) < time.Minute; i++ {
		content := strings.Repeat(string(rune('a'+i%2)), 100000)
		childFatal(atomic.WriteFile(os.Args[1], []byte(content), 0o644, &atomic.Options{NoSync: true}))
		if i == 0 {
			os.Stdout.WriteString("\n")
		}
	}
}

func TestKilledWriterLeavesAWholeFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	for range 5 {
		cmd := startChild(t, "write", name)
		cmd.Process.Kill()
		cmd.Wait()
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 100000 || strings.Trim(string(got), "a") != "" && strings.Trim(string(got), "b") != "" {
			t.Fatalf("a mix of %d bytes", len(got))
		}
	}
	if _, err := atomic.RemoveStaleTemp(t.Context(), dir); err != nil {
		t.Error(err)
	}
	wantNames(t, dir, "f")
}
