package journal_test

import (
	"testing"

	"github.com/forewrite/forewrite/internal/testenv"
	"github.com/forewrite/forewrite/journal"
)

// Whatever becomes of a file that is written piece by piece, its descriptor is closed.
func TestALargeFileLeavesNoDescriptor(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	write(t, j, "a", "A")
	before := testenv.OpenFiles(t, root)
	for name, end := range map[string]func(*journal.Tx, *journal.File) error{
		"committed":               func(tx *journal.Tx, f *journal.File) error { return f.Commit() },
		"closed":                  func(tx *journal.Tx, f *journal.File) error { return f.Close() },
		"left open":               func(tx *journal.Tx, f *journal.File) error { return nil },
		"committed, rolled back":  func(tx *journal.Tx, f *journal.File) error { defer tx.Rollback(); return f.Commit() },
		"left open, rolled back":  func(tx *journal.Tx, f *journal.File) error { return tx.Rollback() },
		"committed after a write": func(tx *journal.Tx, f *journal.File) error { f.Write([]byte("more")); return f.Commit() },
	} {
		tx, err := j.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f, err := tx.Create("large", 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(large)); err != nil {
			t.Fatal(err)
		}
		if err := end(tx, f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		tx.Commit() // fails for some
		tx.Rollback()
	}
	if after := testenv.OpenFiles(t, root); len(after) > len(before) {
		t.Errorf("open before: %q\nopen after: %q", before, after)
	}
}
