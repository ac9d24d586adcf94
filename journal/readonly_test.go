package journal_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal"
	"github.com/forewrite/forewrite/recovery"
)

func openReader(t *testing.T, root string) *journal.Journal {
	t.Helper()
	return open(t, root, &journal.Options{ReadOnly: true})
}

func TestReaderBesideAnOwner(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	owner := open(t, root, manual())
	write(t, owner, "a", "1")
	reader := openReader(t, root)
	read := func() (text string) {
		err := reader.View(t.Context(), func(fsys fs.FS) error {
			data, err := fs.ReadFile(fsys, "a")
			text = string(data)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return text
	}
	for n := range 20 {
		write(t, owner, "a", fmt.Sprint(n))
		if got := read(); got != fmt.Sprint(n) {
			t.Errorf("after commit %d: %q", n, got)
		}
	}
	if _, err := reader.Begin(t.Context()); !errors.Is(err, journal.ErrReadOnly) {
		t.Errorf("Begin: %v", err)
	}
	if err := owner.Close(); err != nil {
		t.Fatal(err)
	}
	before := frozen(t, root)
	if got := read(); got != "19" {
		t.Errorf("after the owner closed: %q", got)
	}
	if d := testtree.Diff(frozen(t, root), before); d != "" {
		t.Errorf("reading has changed something:\n%s", d)
	}
}

// frozen describes the tree and the journal, with all times.
func frozen(t *testing.T, root string) map[string]string {
	t.Helper()
	all, err := testtree.Freeze(root)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestReaderWaitsForRecovery(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	write(t, j, "a", "A")
	crash := crashed(t, root)
	if _, err := journal.Open(t.Context(), crash, &journal.Options{ReadOnly: true}); !errors.Is(err, journal.ErrNeedsRecovery) {
		t.Errorf("after a crash: %v", err)
	}
	recovered(t, crash)
	openReader(t, crash)
	if _, err := journal.Open(t.Context(), t.TempDir(), &journal.Options{ReadOnly: true}); !errors.Is(err, recovery.ErrNoJournal) {
		t.Errorf("without a journal: %v", err)
	}
}

// TestStuckReaderLosesItsView: the owner waits for a view, and when that takes too
// long goes on without, from then on at once. The view does not see what is new.
func TestStuckReaderLosesItsView(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	owner := open(t, root, manual())
	write(t, owner, "a", "old")
	reader := openReader(t, root)
	const patience = time.Second // the owner has more
	timed := func(text string) time.Duration {
		start := time.Now()
		write(t, owner, "a", text)
		return time.Since(start)
	}
	err := reader.View(t.Context(), func(fsys fs.FS) error {
		if took := timed("new"); took < patience {
			t.Errorf("the owner waited no longer than %v", took)
		}
		quickest := timed("newer")
		for range 4 { // one that does not wait may still be slow
			quickest = min(quickest, timed("newer"))
		}
		if quickest >= patience {
			t.Errorf("the owner waited again, for %v at least", quickest)
		}
		if data, err := fs.ReadFile(fsys, "a"); !errors.Is(err, journal.ErrViewLost) {
			t.Errorf("the view reads %q, %v", data, err)
		}
		return nil
	})
	if !errors.Is(err, journal.ErrViewLost) {
		t.Errorf("the view: %v", err)
	}
	err = reader.View(t.Context(), func(fsys fs.FS) error {
		data, err := fs.ReadFile(fsys, "a")
		if string(data) != "newer" {
			t.Errorf("the next view reads %q", data)
		}
		return err
	})
	if err != nil {
		t.Errorf("the next view: %v", err)
	}
}

// TestReadersInOtherProcesses: while a writer in another process commits, and is
// killed and started anew, views of this process see only whole transactions.
func TestReadersInOtherProcesses(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	open(t, root, nil).Close()
	var kills, stop atomic.Int64
	var group sync.WaitGroup
	group.Go(func() {
		for stop.Load() == 0 {
			if err := killAtCommit(t, root, 100, make([]int, writers)); err != nil {
				t.Error(err)
				return
			}
			kills.Add(1)
		}
	})
	defer group.Wait()
	defer stop.Store(1)

	w := watcher{last: make(map[string]int)}
	end := time.Now().Add(*viewTime)
	more := func() bool {
		enough := w.views >= 5 && w.changes >= 5 && kills.Load() >= 2
		return !t.Failed() && (time.Now().Before(end) || !enough)
	}
	needed := 0
	for more() {
		reader, err := journal.Open(context.Background(), root, &journal.Options{ReadOnly: true})
		for err == nil && more() {
			err = reader.View(context.Background(), w.view)
		}
		if reader != nil {
			reader.Close()
		}
		switch {
		case errors.Is(err, journal.ErrNeedsRecovery):
			needed++
			time.Sleep(time.Millisecond) // the next writer is about to recover
		case err != nil:
			t.Error(err)
		}
	}
	t.Logf("%d kills, %d views, %d changes seen, %d times in need of recovery, writers at %v",
		kills.Load(), w.views, w.changes, needed, w.last)
}

// watcher looks at what the writers of TestKill do.
type watcher struct {
	last    map[string]int // transaction seen last, by directory
	views   int
	changes int
}

// view checks that each directory is as some transaction left it, and not an earlier
// one than was seen before.
func (w *watcher) view(fsys fs.FS) error {
	all, err := testtree.ReadFS(fsys)
	if err != nil {
		return err
	}
	for n := range writers {
		dir := fmt.Sprintf("w%d", n)
		n, err := checkNumbers(all.Contents(), dir)
		switch {
		case err != nil:
			return err
		case n < w.last[dir]:
			return fmt.Errorf("%s went back from %d to %d", dir, w.last[dir], n)
		case n > w.last[dir]:
			w.changes++
		}
		w.last[dir] = n
	}
	w.views++
	return nil
}
