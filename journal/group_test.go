package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// A group may be in the queue when the one before it poisons the journal. Written after
// it, it would leave a hole in the log.
func TestNothingIsWrittenAfterPoison(t *testing.T) {
	t.Parallel()
	j := openWhite(t, t.TempDir(), &Options{CheckpointIdle: -1})
	defer j.Close()
	writeWhite(t, j, "a")
	last := j.owner.log.LastLSN()
	j.state.poison(errors.New("broken"))
	if _, err := j.owner.groups.write([]*request{newRequest("b")}); !errors.Is(err, ErrPoisoned) {
		t.Errorf("%v", err)
	}
	if got := j.owner.log.LastLSN(); got != last {
		t.Errorf("group %d was written", got)
	}
}

func TestATransactionThatOnlyReadsWritesNothing(t *testing.T) {
	t.Parallel()
	j := openWhite(t, t.TempDir(), &Options{CheckpointIdle: -1})
	defer j.Close()
	writeWhite(t, j, "a")
	before := j.Stats()
	if err := j.Update(t.Context(), func(tx *Tx) error { _, err := tx.ReadFile("a"); return err }); err != nil {
		t.Fatal(err)
	}
	if after := j.Stats(); after.LSN != before.LSN || after.LogBytes != before.LogBytes {
		t.Errorf("%+v, before: %+v", after, before)
	}
}

// The open record comes before a session's first transaction, also if that is tried
// again, here since the log was away.
func TestASessionBeginsWithItsOpenRecord(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := openWhite(t, root, nil).Close(); err != nil {
		t.Fatal(err)
	}
	j := openWhite(t, root, &Options{CheckpointIdle: -1})
	defer j.Close()
	log := filepath.Join(root, ".journal", "log")
	if err := os.Rename(log, log+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := j.Update(t.Context(), func(tx *Tx) error { return tx.WriteFile("a", nil, 0o644) }); err == nil {
		t.Error("a commit without a log")
	}
	if err := os.Rename(log+"-away", log); err != nil {
		t.Fatal(err)
	}
	writeWhite(t, j, "a")
	var kinds []record.Kind
	for r, err := range recovery.Records(t.Context(), root, nil) {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, r.Record.Kind)
	}
	opened := -1
	for n, k := range kinds {
		switch k {
		case record.KindOpen:
			opened = n
		case record.KindIntent:
			if opened < 0 || n < opened {
				t.Errorf("records %v", kinds)
			}
		}
	}
	if opened < 0 {
		t.Errorf("records %v", kinds)
	}
}

// On a full disk, here since the log is away, a checkpoint can still be noted.
func TestACheckpointIsNotedWhenNoSegmentCanBeMade(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := openWhite(t, root, &Options{CheckpointIdle: -1})
	defer j.Close()
	writeWhite(t, j, "a")
	log := filepath.Join(root, ".journal", "log")
	if err := os.Rename(log, log+"-away"); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{64 << 10, 4 << 10, 0} { // until no other transaction fits
		var err error
		for err == nil {
			err = j.Update(context.Background(), func(tx *Tx) error { return tx.WriteFile("f", make([]byte, size), 0o644) })
		}
	}
	if err := j.Checkpoint(t.Context()); err != nil {
		t.Error(err)
	}
	if err := os.Rename(log+"-away", log); err != nil {
		t.Fatal(err)
	}
	writeWhite(t, j, "a")
}
