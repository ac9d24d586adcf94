package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// openWhite opens a journal for a test that looks inside.
func openWhite(t *testing.T, root string, opts *Options) *Journal {
	t.Helper()
	j, err := Open(t.Context(), root, opts)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func writeWhite(t *testing.T, j *Journal, name string) {
	t.Helper()
	if err := j.Update(t.Context(), func(tx *Tx) error { return tx.WriteFile(name, []byte(name), 0o644) }); err != nil {
		t.Fatal(err)
	}
}

// A poisoned journal does not know what its log holds, and must not say that it was
// closed: the next Open finds out.
func TestCloseOfAPoisonedJournalIsNoClose(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := openWhite(t, root, &Options{CheckpointIdle: -1})
	writeWhite(t, j, "a")
	broken := errors.New("broken")
	j.state.poison(broken)
	if err := j.Close(); !errors.Is(err, ErrPoisoned) || !errors.Is(err, broken) {
		t.Errorf("Close: %v", err)
	}
	if err := os.Remove(filepath.Join(root, "a")); err != nil { // as if it was never durable
		t.Fatal(err)
	}
	j = openWhite(t, root, nil)
	defer j.Close()
	if r := j.Recovered(); r.Clean {
		t.Errorf("the next Open: %s", r.Summary())
	}
}

// What a session continues: the numbers of groups and transactions.
func TestASessionGoesOnWhereTheLastOneEnded(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	var lastTx, lastLSN uint64
	for session := range 3 {
		j := openWhite(t, root, &Options{CheckpointIdle: -1})
		if got := uint64(j.Stats().LSN); got < lastLSN {
			t.Errorf("session %d begins at LSN %d, the last one ended at %d", session, got, lastLSN)
		}
		tx, err := j.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := uint64(tx.ID()); got != lastTx+1 {
			t.Errorf("session %d begins with transaction %d, the last one was %d", session, got, lastTx)
		}
		lastTx = uint64(tx.ID())
		if err := errors.Join(tx.WriteFile("a", nil, 0o644), tx.Commit()); err != nil {
			t.Fatal(err)
		}
		lastLSN = uint64(j.Stats().LSN)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Close waits for a checkpoint that is under way.
func TestCloseWaitsForTheBackground(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := openWhite(t, root, nil).Close(); err != nil {
		t.Fatal(err)
	}
	j := openWhite(t, root, &Options{CheckpointIdle: 1}) // Close has nothing else to wait for
	c := j.owner.checkpoints
	c.mu.Lock()
	c.idleTimer.Reset(1)
	time.Sleep(step) // the background waits for mu now
	closed := make(chan error)
	go func() { closed <- j.Close() }()
	select {
	case <-closed:
		t.Error("Close returned while a checkpoint is under way")
		c.mu.Unlock()
		return
	case <-time.After(step):
	}
	c.mu.Unlock()
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// A checkpoint reads nothing, so what was aborted does not keep it from its mark.
func TestCheckpointAfterAnAbort(t *testing.T) {
	t.Parallel()
	j := openWhite(t, t.TempDir(), &Options{CheckpointIdle: -1})
	defer j.Close()
	writeWhite(t, j, "a")
	full := errors.New("no space")
	j.owner.pipeline.aborted.Store(&full)
	if err := j.Checkpoint(t.Context()); err != nil {
		t.Error(err)
	}
}

// A transaction that may have read what was aborted ends at its next operation.
func TestATransactionThatHasReadWhatWasAbortedEnds(t *testing.T) {
	t.Parallel()
	j := openWhite(t, t.TempDir(), nil)
	defer j.Close()
	full := errors.New("no space")
	tx, err := j.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ReadDir("."); err != nil {
		t.Fatal(err)
	}
	j.owner.pipeline.aborted.Store(&full)
	if _, err := tx.ReadDir("."); !errors.Is(err, full) {
		t.Errorf("a read: %v", err)
	}
	if err := tx.WriteFile("a", nil, 0o644); !errors.Is(err, full) {
		t.Errorf("a write: %v", err)
	}
	if err := tx.Commit(); !errors.Is(err, full) {
		t.Errorf("Commit: %v", err)
	}
	writeWhite(t, j, "a")
}

// When checkpoints can't keep up, committers wait for one.
func TestCommittersWaitWhenTheBacklogIsFull(t *testing.T) {
	t.Parallel()
	j := openWhite(t, t.TempDir(), &Options{CheckpointIdle: -1})
	defer j.Close()
	writeWhite(t, j, "a")
	c := j.owner.checkpoints
	j.owner.dirty.mu.Lock()
	j.owner.dirty.size += maxBacklog * stagedUnit
	j.owner.dirty.mu.Unlock()
	c.mu.Lock() // a checkpoint that takes its time
	done := make(chan error)
	go func() {
		done <- j.Update(context.Background(), func(tx *Tx) error { return tx.WriteFile("b", nil, 0o644) })
	}()
	select {
	case <-done:
		t.Error("a commit did not wait")
		c.mu.Unlock()
		return
	case <-time.After(step):
	}
	c.mu.Unlock()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Close does not leave anybody waiting for the writer lock.
func TestCloseEndsTheWaitForTheWriterLock(t *testing.T) {
	t.Parallel()
	j := openWhite(t, t.TempDir(), nil)
	holder, err := j.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.ReadDir("."); err != nil {
		t.Fatal(err)
	}
	waiting := make(chan error, 1)
	go func() {
		waiting <- j.Update(context.Background(), func(tx *Tx) error { return tx.WriteFile("a", nil, 0o644) })
	}()
	time.Sleep(step)
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	select {
	case err := <-waiting:
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits for a lock that nobody releases")
	}
	holder.Rollback()
}
