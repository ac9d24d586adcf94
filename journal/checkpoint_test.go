package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// checkpointsReach waits until n checkpoints were made.
func checkpointsReach(t *testing.T, j *Journal, n uint64) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); j.Stats().Checkpoints < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d checkpoints, want %d", j.Stats().Checkpoints, n)
		}
	}
}

func TestEachIdlenessMakesACheckpoint(t *testing.T) {
	t.Parallel()
	j := openWhite(t, t.TempDir(), &Options{CheckpointIdle: time.Millisecond})
	defer j.Close()
	for n := range uint64(3) {
		writeWhite(t, j, "a")
		checkpointsReach(t, j, n+1)
	}
}

func TestNoCheckpointIsMade(t *testing.T) {
	t.Parallel()
	const idle = 2 * step
	for name, tt := range map[string]struct {
		idle time.Duration
		then func(c *checkpointer)
	}{
		"when idleness is to make none":   {-1, func(*checkpointer) {}},
		"while others commit":             {idle, func(c *checkpointer) { c.idleTimer.Reset(time.Hour) }},
		"when there is no backlog of any": {-1, func(c *checkpointer) { c.filled <- struct{}{} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := openWhite(t, t.TempDir(), &Options{CheckpointIdle: tt.idle})
			defer j.Close()
			writeWhite(t, j, "a")
			tt.then(j.owner.checkpoints)
			time.Sleep(3 * idle)
			if got := j.Stats().Checkpoints; got != 0 {
				t.Errorf("%d checkpoints", got)
			}
		})
	}
}

// A committer whose context ends while it helps with a checkpoint must not leave files
// that were not fsynced, nor poison the journal.
func TestACheckpointIsNotCutShort(t *testing.T) {
	t.Parallel()
	j := openWhite(t, t.TempDir(), &Options{CheckpointIdle: -1})
	defer j.Close()
	writeWhite(t, j, "a")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.owner.checkpoints.run(ended); err != nil {
		t.Error(err)
	}
	if got := j.Stats().Checkpoints; got != 1 {
		t.Errorf("%d checkpoints", got)
	}
	writeWhite(t, j, "b")
}

// What can't be reclaimed, here since something has its new name, is reclaimed later.
func TestReclaimIsTriedAgain(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := openWhite(t, root, &Options{CheckpointIdle: -1, SegmentSize: 1 << 20})
	defer j.Close()
	c := j.owner.checkpoints
	c.mu.Lock() // no checkpoint meanwhile
	for n := 0; j.Stats().Segments < 3; n++ {
		if err := j.Update(t.Context(), func(tx *Tx) error { return tx.WriteFile(fmt.Sprint("f", n%9), make([]byte, 30<<10), 0o644) }); err != nil {
			t.Fatal(err)
		}
	}
	segments, err := filepath.Glob(filepath.Join(root, ".journal", "log", "0*"))
	if err != nil || len(segments) == 0 {
		t.Fatal(segments, err)
	}
	taken := filepath.Join(filepath.Dir(segments[0]), "dead-"+filepath.Base(segments[0]))
	if err := os.MkdirAll(filepath.Join(taken, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	c.mu.Unlock()
	if err := j.Checkpoint(t.Context()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("while the name is taken: %v", err)
	}
	if err := os.RemoveAll(taken); err != nil {
		t.Fatal(err)
	}
	if err := j.Checkpoint(t.Context()); err != nil {
		t.Error(err)
	}
	if got := j.Stats().Segments; got > 1 {
		t.Errorf("%d segments", got)
	}
	writeWhite(t, j, "a")
}
