package journal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"sync"
	"testing"

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
