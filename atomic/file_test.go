package atomic_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/forewrite/forewrite/atomic"
)

func mustCreate(t *testing.T, name string, opts *atomic.Options) *atomic.File {
	t.Helper()
	f, err := atomic.Create(name, 0o644, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestNothingIsSeenBeforeCommit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	put(t, name, "old")
	f := mustCreate(t, name, nil)
	if _, err := io.WriteString(f, "new content"); err != nil {
		t.Fatal(err)
	}
	wantContent(t, name, "old")
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	wantContent(t, name, "new content")
	if err := f.Close(); err != nil {
		t.Errorf("Close after Commit: %v", err)
	}
	wantContent(t, name, "new content")
	wantNames(t, dir, "f")
}

func TestCloseWithoutCommitDiscards(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "f"), "old")
	for _, name := range []string{"f", "new/deep/g"} {
		f := mustCreate(t, filepath.Join(dir, name), nil)
		if _, err := f.Write([]byte("new")); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	wantContent(t, filepath.Join(dir, "f"), "old")
	wantNames(t, dir, "f")
}

func TestAFileIsCommittedOrClosedOnce(t *testing.T) {
	t.Parallel()
	for _, end := range []func(*atomic.File) error{(*atomic.File).Commit, (*atomic.File).Close} {
		f := mustCreate(t, filepath.Join(t.TempDir(), "f"), nil)
		if err := end(f); err != nil {
			t.Fatal(err)
		}
		_, write := f.Write([]byte("x"))
		_, readFrom := f.ReadFrom(strings.NewReader("x"))
		_, seek := f.Seek(0, io.SeekStart)
		for _, err := range []error{write, readFrom, seek, f.Commit()} {
			if !errors.Is(err, fs.ErrClosed) {
				t.Errorf("%v, want fs.ErrClosed", err)
			}
		}
	}
}

func TestSeekAllowsAHeaderAtTheEnd(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "f")
	f := mustCreate(t, name, nil)
	if _, err := f.Write([]byte("????body")); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Seek(0, io.SeekStart); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := f.Write([]byte("head")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(-1, io.SeekStart); err == nil {
		t.Error("no error from a negative offset")
	}
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if n, err := f.ReadFrom(strings.NewReader(" tail")); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	wantContent(t, name, "headbody tail")
}

// A caller who overlooks a failed write must not be able to publish half a file.
func TestAFailedWriteFailsTheCommit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	put(t, name, "old")
	broken := errors.New("broken")
	f := mustCreate(t, name, nil)
	if _, err := f.ReadFrom(&failing{err: broken}); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("more")); !errors.Is(err, broken) {
		t.Errorf("Write: %v", err)
	}
	if err := f.Commit(); !errors.Is(err, broken) {
		t.Errorf("Commit: %v", err)
	}
	wantContent(t, name, "old")
	wantNames(t, dir, "f")
}

type failing struct {
	given bool
	err   error
}

func (r *failing) Read(p []byte) (int, error) {
	if r.given {
		return 0, r.err
	}
	r.given = true
	return copy(p, "half"), nil
}

func TestCommitChecksTheTargetAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	f := mustCreate(t, name, nil)
	if err := os.Mkdir(name, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); !errors.Is(err, atomic.ErrNotRegular) {
		t.Errorf("a directory was made meanwhile: %v, want ErrNotRegular", err)
	}
	wantNames(t, dir, "f")

	link := filepath.Join(dir, "link")
	f = mustCreate(t, link, nil)
	symlink(t, "elsewhere", link)
	if err := f.Commit(); !errors.Is(err, atomic.ErrNotRegular) {
		t.Errorf("a link was made meanwhile: %v, want ErrNotRegular", err)
	}
	wantNames(t, dir, "f", "link")
}

func TestAFileSurvivesAChangeOfTheWorkingDirectory(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	t.Chdir(dir)
	committed := mustCreate(t, "committed", nil)
	discarded := mustCreate(t, filepath.Join("new", "discarded"), nil)
	t.Chdir(other)
	if err := committed.Commit(); err != nil {
		t.Error(err)
	}
	discarded.Close()
	wantNames(t, dir, "committed")
	wantNames(t, other)
}

// The parent of the working directory may be out of reach: then only a relative
// name leads to a file.
func TestARelativeNameWhereNoAbsoluteOneWorks(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("needs a directory that can't be searched")
	}
	parent := t.TempDir()
	dir := filepath.Join(parent, "dir")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	t.Setenv("PWD", "") // or os.Getwd fails before it matters
	if err := os.Chmod(parent, 0); err != nil {
		t.Fatal(err)
	}
	err := atomic.WriteFile("f", []byte("content"), 0o644, nil)
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Error(err)
	}
	wantContent(t, "f", "content")
}

func TestCommitWithoutItsDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "d")
	f := mustCreate(t, filepath.Join(dir, "f"), nil)
	if err := os.RemoveAll(dir); err != nil {
		t.Skip(err) // Windows: a directory with an open file can't be removed
	}
	if err := f.Commit(); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, atomic.ErrPublished) {
		t.Errorf("%v, want fs.ErrNotExist", err)
	}
}
