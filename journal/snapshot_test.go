package journal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/forewrite/forewrite/journal"
)

func TestSnapshotShowsTheTreeUntilItIsClosed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	update(t, j, do(put("a", "A"), mkdir("d"), put("d/x", "X")))
	s, err := j.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	update(t, j, do(put("a", "A2"), rmAll("d"), put("new", "N")))
	if err := fstest.TestFS(s, "a", "d/x"); err != nil {
		t.Error(err)
	}
	if data, err := fs.ReadFile(s, "a"); err != nil || string(data) != "A" {
		t.Errorf("a: %q, %v", data, err)
	}
	if _, err := fs.Stat(s, "new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("new: %v", err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if _, err := fs.ReadFile(s, "a"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if left, _ := os.ReadDir(filepath.Join(root, ".journal", "staging")); len(left) > 0 {
		t.Errorf("left in staging: %v", left)
	}
}

// Close of the journal does not wait for snapshots and views: their reads fail.
func TestCloseEndsSnapshotsAndViews(t *testing.T) {
	t.Parallel()
	for _, opts := range []*journal.Options{nil, {ReadOnly: true}} {
		root := t.TempDir()
		owner := open(t, root, manual())
		write(t, owner, "a", "A")
		j := owner
		if opts != nil {
			j = open(t, root, opts)
		}
		s, err := j.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if opts == nil {
			write(t, owner, "a", "A2")
		}
		err = j.View(t.Context(), func(fsys fs.FS) error {
			if err := j.Close(); err != nil {
				t.Error(err)
			}
			_, err := fs.ReadFile(fsys, "a")
			return err
		})
		if !errors.Is(err, journal.ErrClosed) {
			t.Errorf("%+v: a view across Close: %v", opts, err)
		}
		if _, err := s.ReadFile("a"); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("%+v: a snapshot across Close: %v", opts, err)
		}
		if _, err := j.Snapshot(t.Context()); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("%+v: Snapshot after Close: %v", opts, err)
		}
		if left, _ := os.ReadDir(filepath.Join(root, ".journal", "staging")); len(left) > 0 {
			t.Errorf("%+v: left in staging: %v", opts, left)
		}
	}
}

// A panic in a view must not keep the owner from applying.
func TestAPanicInAViewReleasesIt(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	owner := open(t, root, nil)
	write(t, owner, "a", "A")
	for _, j := range []*journal.Journal{owner, open(t, root, &journal.Options{ReadOnly: true})} {
		func() {
			defer func() { recover() }()
			j.View(t.Context(), func(fs.FS) error { panic("in a handler") })
		}()
		start := time.Now()
		write(t, owner, "a", "B")
		if took := time.Since(start); took > time.Second {
			t.Errorf("the commit after it took %v", took)
		}
	}
	if left, _ := os.ReadDir(filepath.Join(root, ".journal", "staging")); len(left) > 0 {
		t.Errorf("left in staging: %v", left)
	}
}

// While a commit puts files into a directory, a transaction that lists it finds each
// of them: in flight, or in place.
func TestADirectoryIsListedWholeBesideACommit(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir(), manual())
	update(t, j, mkdir("d"))
	const files = 400
	acknowledged := make(chan int, files)
	var group sync.WaitGroup
	group.Go(func() {
		defer close(acknowledged)
		for n := range files {
			write(t, j, fmt.Sprintf("d/f%04d", n), "x")
			acknowledged <- n
		}
	})
	for n := range acknowledged {
		update(t, j, func(tx *journal.Tx) error {
			entries, err := tx.ReadDir("d")
			if err != nil {
				return err
			}
			if len(entries) < n+1 {
				t.Errorf("%d files were acknowledged, %d are listed", n+1, len(entries))
			}
			for i, e := range entries {
				if want := fmt.Sprintf("f%04d", i); e.Name() != want {
					return fmt.Errorf("entry %d is %s, not %s", i, e.Name(), want)
				}
			}
			return nil
		})
	}
	group.Wait()
}

// A directory that a view lists may be removed at any moment.
func TestAViewListsADirectoryWhileItIsRemoved(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir(), manual())
	update(t, j, do(mkdir("a"), mkdir("a/b"), put("a/b/f", "0")))
	stop := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				update(t, j, do(rmAll("a/b"), mkdir("a/b"), put("a/b/f", fmt.Sprint(n))))
			}
		}
	})
	deadline := time.Now().Add(2 * time.Second)
	for views := 0; time.Now().Before(deadline) || views < 100; views++ {
		err := j.View(t.Context(), func(fsys fs.FS) error {
			first, err := fs.ReadFile(fsys, "a/b/f")
			if err != nil {
				return err
			}
			for range 4 {
				entries, err := fs.ReadDir(fsys, "a/b")
				if err != nil {
					return err
				}
				if len(entries) != 1 || entries[0].Name() != "f" {
					return fmt.Errorf("listed: %v", entries)
				}
				again, err := fs.ReadFile(fsys, "a/b/f")
				if err != nil || string(again) != string(first) {
					return fmt.Errorf("%q, then %q, %v", first, again, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
			break
		}
	}
	close(stop)
	group.Wait()
}

// A file that a view lists may be removed at any moment: the view finds it in place, or
// its version.
func TestAViewListsAFileWhileItIsRemoved(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir(), manual())
	update(t, j, mkdir("d"))
	for range 300 {
		write(t, j, "d/f", "x")
		err := j.View(t.Context(), func(fsys fs.FS) error {
			removed := make(chan error, 1)
			go func() { removed <- j.Update(t.Context(), rm("d/f")) }()
			for {
				entries, err := fs.ReadDir(fsys, "d")
				if err != nil || len(entries) != 1 {
					return fmt.Errorf("listed: %v, %v", entries, errors.Join(err, <-removed))
				}
				select {
				case err := <-removed:
					return err
				default:
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
