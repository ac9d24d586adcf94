package journal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/journal"
)

// A large file leaves next to nothing in the log, which is what a checkpoint usually
// waits for; but until there is one, redo needs each version.
func TestVersionsOfALargeFileDoNotPileUp(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, nil)
	const size, commits = 1 << 20, 300
	data := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	most := int64(0)
	for n := range commits {
		data[n]++
		update(t, j, func(tx *journal.Tx) error { return tx.WriteFile("f", data, 0o644) })
		most = max(most, sizeOf(t, filepath.Join(root, ".journal", "staging")))
	}
	t.Logf("%d MiB written, at most %d MiB in staging", commits*size>>20, most>>20)
	if most > 160<<20 {
		t.Errorf("%d MiB in staging", most>>20)
	}
	if got := content(t, root)["f"]; got != string(data) {
		t.Error("the file is not the last version")
	}
}

// sizeOf adds up the files in a directory.
func sizeOf(t *testing.T, dir string) (sum int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if fi, err := e.Info(); err == nil { // what a checkpoint removes meanwhile is gone
			sum += fi.Size()
		}
	}
	return sum
}
