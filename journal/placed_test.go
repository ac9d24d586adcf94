package journal_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/forewrite/forewrite/journal"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// What a put replaces is recorded by its hash when the journal knows it, and by its
// size and time when somebody else may have written it.
func TestWhatIsReplacedIsRecorded(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	edit := func(content string) {
		if err := os.WriteFile(filepath.Join(root, "f"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	edit("theirs")
	write(t, j, "f", "one")
	write(t, j, "f", "two")
	edit("longer than two")
	write(t, j, "f", "three")
	update(t, j, func(tx *journal.Tx) error { return tx.Chmod("f", 0o600) })
	write(t, j, "f", "four")
	update(t, j, func(tx *journal.Tx) error { return tx.Remove("f") })
	write(t, j, "f", "five")

	hash := func(s string) uint64 { return record.Inline([]byte(s)).Hash }
	want := []record.Replaced{
		{Kind: record.ReplacedFile, Size: int64(len("theirs"))},
		{Kind: record.ReplacedVersion, Size: 3, Hash: hash("one")},
		{Kind: record.ReplacedFile, Size: int64(len("longer than two"))},
		{Kind: record.ReplacedVersion, Size: 5, Hash: hash("three")}, // by the chmod
		{Kind: record.ReplacedVersion, Size: 5, Hash: hash("three")},
		{Kind: record.ReplacedVersion, Size: 4, Hash: hash("four")}, // by the removal
		{Kind: record.ReplacedNothing},
	}
	n := 0
	for r, err := range recovery.Records(t.Context(), filepath.Join(root, ".journal")) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Record.Kind != record.KindIntent {
			continue
		}
		got := r.Record.Intent.Replaced
		if (got.Kind == record.ReplacedFile) != (got.MTime != 0) {
			t.Errorf("intent %d: %+v", n, got)
		}
		got.MTime = 0
		if n >= len(want) || got != want[n] {
			t.Fatalf("intent %d: %+v", n, got)
		}
		n++
	}
	if n != len(want) {
		t.Errorf("%d intents", n)
	}
}

// The log may have lost the version that is still there after a crash.
func TestAVersionThatTheLogHasLostIsKnown(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, &journal.Options{CheckpointIdle: -1, EpochSize: 8 << 10})
	write(t, j, "f", "first")
	for i := 0; ; i++ {
		if i == 100 {
			t.Fatal("the first epoch is still there")
		}
		update(t, j, func(tx *journal.Tx) error { return tx.WriteFile("filler", make([]byte, 4<<10), 0o644) })
		if err := j.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		if first, err := os.ReadDir(filepath.Join(root, ".journal", "log")); err != nil {
			t.Fatal(err)
		} else if first[0].Name()[:8] > "00000002" {
			break
		}
	}
	write(t, j, "f", "second")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if drafts, _ := filepath.Glob(filepath.Join(root, ".journal", "log", "new-*")); len(drafts) == 0 {
			break // nothing is made in the background that a copy could find half done
		}
		if time.Now().After(deadline) {
			t.Fatal("the next epoch is not ready")
		}
	}
	copied := crashed(t, root)
	// The rename did not reach the disk.
	if err := os.WriteFile(filepath.Join(copied, "f"), []byte("first"), 0o644); err != nil {
		t.Fatal(err)
	}
	recovered(t, copied)
	if lost, err := os.ReadDir(filepath.Join(copied, ".journal", "lost+found")); err != nil || len(lost) > 0 {
		t.Errorf("lost+found: %v, %v", lost, err)
	}
	if got := content(t, copied)["f"]; got != "second" {
		t.Errorf("%q", got)
	}
}
