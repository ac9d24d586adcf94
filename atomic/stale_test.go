package atomic_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/forewrite/forewrite/atomic"
)

// childLeak begins three files and waits to be killed.
func childLeak() {
	for _, base := range []string{"a", "b.json", strings.Repeat("long-name-ü-", 18)} {
		f, err := atomic.Create(filepath.Join(os.Args[1], base), 0o644, nil)
		childFatal(err)
		_, err = f.Write([]byte("unfinished"))
		childFatal(err)
		defer f.Close()
	}
	os.Stdout.WriteString("\n")
	time.Sleep(time.Minute)
}

func TestRemoveStaleTempRemovesWhatACrashLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	owner := startChild(t, "leak", dir)
	if n, err := atomic.RemoveStaleTemp(t.Context(), dir); n != 0 || err != nil {
		t.Errorf("owner alive: %d, %v", n, err)
	}
	leaked, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(leaked) != 3 {
		t.Fatalf("%d temporary files, want 3", len(leaked))
	}
	pattern := regexp.MustCompile(`^\..+\.forewrite-[0-9]+-[0-9a-z]{13}\.tmp$`)
	for _, e := range leaked {
		if !pattern.MatchString(e.Name()) || len(e.Name()) > 100 {
			t.Errorf("name %q", e.Name())
		}
	}
	owner.Process.Kill()
	owner.Wait()
	if n, err := atomic.RemoveStaleTemp(t.Context(), dir); n != 3 || err != nil {
		t.Errorf("owner killed: %d, %v", n, err)
	}
	wantNames(t, dir)
}

func TestRemoveStaleTempLeavesWhatIsInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := atomic.Create(filepath.Join(dir, "f"), 0o644, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, err := atomic.RemoveStaleTemp(t.Context(), dir); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if err := f.Commit(); err != nil {
		t.Error(err)
	}
	wantNames(t, dir, "f")
}

// A writer with NoClobber or Backup can be killed while its temporary file is a
// second name of the target, or a copy of the symbolic link that it replaces.
func TestRemoveStaleTempRemovesLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	put(t, name, "content")
	ended := child(t, "nothing")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	for pid, want := range map[int]int{os.Getpid(): 0, ended.Process.Pid: 1} {
		temp := filepath.Join(dir, fmt.Sprintf(".f.forewrite-%d-0123456789abc.tmp", pid))
		for what, link := range map[string]func(string, string) error{"hard": os.Link, "symbolic": os.Symlink} {
			if err := link(name, temp); err != nil {
				t.Skip(err)
			}
			if n, err := atomic.RemoveStaleTemp(t.Context(), dir); n != want || err != nil {
				t.Errorf("%s link of process %d: %d, %v, want %d", what, pid, n, err, want)
			}
			os.Remove(temp)
		}
	}
	wantContent(t, name, "content")
	wantNames(t, dir, "f")
}

func TestRemoveStaleTempLeavesOtherNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	others := []string{
		".f.tmp", "f.forewrite-1-0123456789abc.tmp", ".f.forewrite-1-0123456789ab.tmp", ".f.forewrite-x-0123456789abc.tmp",
		".f.forewrite-1-0123456789abc.tmp.bak", ".f.forewrite-1-0123456789ABC.tmp", "f",
	}
	for _, name := range others {
		put(t, filepath.Join(dir, name), "")
	}
	own := ".f.forewrite-1-0123456789abc.tmp"
	if err := os.Mkdir(filepath.Join(dir, own), 0o755); err != nil {
		t.Fatal(err)
	}
	link := ".g.forewrite-1-0123456789abc.tmp"
	symlink(t, "f", filepath.Join(dir, link))
	if n, err := atomic.RemoveStaleTemp(t.Context(), dir); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	wantNames(t, dir, append(others, own, link)...)
}

func TestRemoveStaleTempReportsItsErrors(t *testing.T) {
	t.Parallel()
	if _, err := atomic.RemoveStaleTemp(t.Context(), filepath.Join(t.TempDir(), "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want fs.ErrNotExist", err)
	}
	dir := t.TempDir()
	put(t, filepath.Join(dir, ".f.forewrite-1-0123456789abc.tmp"), "")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if n, err := atomic.RemoveStaleTemp(ended, dir); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v, want context.Canceled", n, err)
	}
}

// RemoveStaleTemp must not disturb writers at any moment.
func TestRemoveStaleTempBesideWriters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stop := make(chan struct{})
	var removers, writers sync.WaitGroup
	for range 2 {
		removers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := atomic.RemoveStaleTemp(context.Background(), dir); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for _, name := range []string{"a", "b"} {
		writers.Go(func() {
			for range 300 {
				err := atomic.WriteFile(filepath.Join(dir, name), []byte(name), 0o644, &atomic.Options{NoSync: true, Backup: "~"})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	removers.Wait()
	wantNames(t, dir, "a", "a~", "b", "b~")
}
