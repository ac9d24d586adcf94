package journal_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal"
)

// A checkpoint may be made while a group is logged and not applied yet, here since a
// reader keeps the owner from it. The checkpoint must not cover that group.
func TestACheckpointDoesNotCoverWhatIsNotApplied(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	write(t, j, "a", "old")
	view, err := openReader(t, root).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 2)
	go func() {
		ended <- j.Update(t.Context(), func(tx *journal.Tx) error { return tx.WriteFile("a", []byte("new"), 0o644) })
	}()
	wait(t, "the owner waits for the view", func() bool {
		second, err := journal.Open(t.Context(), root, &journal.Options{ReadOnly: true, LockTimeout: -1})
		if err == nil {
			second.Close()
		}
		return errors.Is(err, journal.ErrLocked) || isLost(view)
	})
	go func() { ended <- j.Checkpoint(t.Context()) }()
	wait(t, "the checkpoint is in the log", func() bool {
		log, err := segment.Scan(t.Context(), filepath.Join(root, ".journal", "log"), segment.Options{}, nil)
		return err == nil && log.CheckpointLSN > 0
	})
	crash := crashed(t, root)
	lost := isLost(view)
	if err := view.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if lost {
		t.Skip("this machine is too slow: the owner has not waited for the view")
	}
	if got := recovered(t, crash).Contents()["a"]; got != "new" {
		t.Errorf("after a crash: %q", got)
	}
}

// isLost reports whether the owner has not waited for the view.
func isLost(view *journal.Snapshot) bool {
	_, err := view.Stat("a")
	return errors.Is(err, journal.ErrViewLost)
}
