package journal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal"
)

// TestNothingStaysPending: many goroutines commit, and afterwards nothing is left
// of what was not applied yet while they did.
func TestNothingStaysPending(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir(), nil)
	var group sync.WaitGroup
	for w := range 32 {
		group.Go(func() {
			for n := range 60 {
				if err := j.Update(t.Context(), put(fmt.Sprintf("f%d", w), fmt.Sprint(n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := j.Stats().InFlight; n != 0 {
		t.Errorf("%d paths are pending", n)
	}
}

// TestReadModifyWriteNeverLosesAnUpdate: counters that many goroutines increment,
// each reading what another has committed a moment ago and the disk does not have yet.
func TestReadModifyWriteNeverLosesAnUpdate(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, nil)
	const goroutines, times, counters = 16, 40, 3
	increment := func(tx *journal.Tx, name string) error {
		n := 0
		data, err := tx.ReadFile(name)
		switch {
		case err == nil:
			if n, err = strconv.Atoi(string(data)); err != nil {
				return err
			}
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		return tx.WriteFile(name, strconv.AppendInt(nil, int64(n+1), 10), 0o644)
	}
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			for n := range times {
				err := j.Update(t.Context(), func(tx *journal.Tx) error {
					if err := increment(tx, "all"); err != nil {
						return err
					}
					return increment(tx, fmt.Sprint("counter", n%counters))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	want := map[string]string{"all": fmt.Sprint(goroutines * times)}
	for c := range counters {
		want[fmt.Sprint("counter", c)] = fmt.Sprint(goroutines * ((times + counters - 1 - c) / counters))
	}
	if d := testtree.Diff(content(t, root), want); d != "" {
		t.Error(d)
	}
	crash := crashed(t, root)
	recovered(t, crash)
	if d := testtree.Diff(content(t, crash), want); d != "" {
		t.Errorf("after a crash:\n%s", d)
	}
}

// A blind write is prepared beside other transactions. Where one of them has removed
// its directory meanwhile, it fails, before the commit point.
func TestABlindWriteIntoADirectoryThatIsRemovedMeanwhileFails(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	update(t, j, mkdir("d"))
	committed := make(chan error, 1)
	update(t, j, func(remover *journal.Tx) error {
		if err := remover.RemoveAll("d"); err != nil {
			return err
		}
		go func() { committed <- j.Update(t.Context(), put("d/x", "X")) }()
		wait(t, "the blind write is prepared", func() bool { return len(staging(t, root)) > 0 })
		return nil
	})
	if err := <-committed; !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the blind write: %v", err)
	}
	write(t, j, "y", "Y")
	if left := staging(t, root); len(left) > 0 {
		t.Errorf("left in staging: %v", left)
	}
}

// A transaction reads what is not applied yet, here since a reader keeps the owner from
// it. It commits after what it has read.
func TestATransactionThatOnlyReadsWaitsForWhatItHasRead(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	write(t, j, "a", "old")
	view, err := openReader(t, root).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	committed := make(chan error, 1)
	go func() { committed <- j.Update(t.Context(), put("a", "new")) }()
	wait(t, "the write is in flight", func() bool { return j.Stats().InFlight > 0 || isLost(view) })
	update(t, j, func(tx *journal.Tx) error {
		if data, err := tx.ReadFile("a"); err != nil || string(data) != "new" {
			t.Errorf("read %q, %v", data, err)
		}
		time.AfterFunc(50*time.Millisecond, func() { view.Close() })
		return nil
	})
	if n := j.Stats().InFlight; n != 0 {
		t.Errorf("what it has read is in flight, %d paths", n)
	}
	if err := <-committed; err != nil {
		t.Error(err)
	}
}
