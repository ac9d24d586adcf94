package journal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/forewrite/forewrite/journal"
)

// While no segment can be made, here since the log directory is away, commits fail
// cleanly, also those that have read what another was about to write, and nobody waits
// for ever. When the cause is gone, all goes on.
func TestNothingHangsWhileNoSegmentCanBeMade(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	open(t, root, nil).Close()
	j := open(t, root, nil) // a session that has written nothing yet
	log := filepath.Join(root, ".journal", "log")
	if err := os.Rename(log, log+"-away"); err != nil {
		t.Fatal(err)
	}
	content := []byte(strings.Repeat("x", 300<<10)) // in staging, not in the log
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var failed, read atomic.Int64
	var group sync.WaitGroup
	for g := range 6 {
		group.Go(func() {
			for ctx.Err() == nil {
				err := j.Update(context.Background(), func(tx *journal.Tx) error { return tx.WriteFile(fmt.Sprint("big", g), content, 0o644) })
				if err != nil {
					failed.Add(1)
				} else {
					t.Error("a commit without a segment")
				}
			}
		})
	}
	for range 3 {
		group.Go(func() {
			for ctx.Err() == nil {
				j.Update(context.Background(), func(tx *journal.Tx) error {
					for g := range 6 {
						tx.ReadFile(fmt.Sprint("big", g))
					}
					return nil
				})
				read.Add(1)
			}
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("hangs after %d failed commits and %d readers", failed.Load(), read.Load())
	}
	if failed.Load() == 0 || read.Load() == 0 {
		t.Errorf("%d commits failed, %d readers ended", failed.Load(), read.Load())
	}
	if n := j.Stats().InFlight; n != 0 {
		t.Errorf("%d paths are in flight", n)
	}
	if err := os.Rename(log+"-away", log); err != nil {
		t.Fatal(err)
	}
	write(t, j, "big0", "small")
	if left, _ := os.ReadDir(filepath.Join(root, ".journal", "staging")); len(left) > 0 {
		t.Errorf("left in staging: %v", left)
	}
}
