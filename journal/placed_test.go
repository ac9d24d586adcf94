package journal_test

import (
	"os"
	"path/filepath"
	"testing"

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
	for r, err := range recovery.Records(t.Context(), root, nil) {
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
