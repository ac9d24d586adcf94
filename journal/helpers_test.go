package journal_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal"
)

// open opens a journal that is closed at the end of the test.
func open(t testing.TB, root string, opts *journal.Options) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), root, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// manual are options under which nothing is checkpointed by itself, so that a
// crash has something to redo.
func manual() *journal.Options { return &journal.Options{CheckpointIdle: -1} }

func update(t testing.TB, j *journal.Journal, fn func(*journal.Tx) error) {
	t.Helper()
	if err := j.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, j *journal.Journal, name, content string) {
	t.Helper()
	update(t, j, func(tx *journal.Tx) error { return tx.WriteFile(name, []byte(content), 0o644) })
}

// tree describes all below root but the journal.
func tree(t testing.TB, root string) testtree.Tree {
	t.Helper()
	return testtree.Of(t, root, ".journal")
}

// content is the tree without modes: what a table can state.
func content(t testing.TB, root string) map[string]string {
	t.Helper()
	return tree(t, root).Contents()
}

// crashed returns a copy of the tree as a kill would leave it now.
func crashed(t testing.TB, root string) string {
	t.Helper()
	dst := t.TempDir()
	if err := testtree.Copy(dst, root); err != nil {
		t.Fatal(err)
	}
	return dst
}

// staging returns what lies in the staging directory.
func staging(t testing.TB, root string) []fs.DirEntry {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, ".journal", "staging"))
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// recovered opens what a crash left, checks that staging is empty and that a
// second recovery changes nothing, and returns the tree.
func recovered(t testing.TB, root string) testtree.Tree {
	t.Helper()
	j, err := journal.Open(context.Background(), root, nil)
	if err != nil {
		t.Fatalf("open after the crash: %v", err)
	}
	after := tree(t, root)
	if left := staging(t, root); len(left) > 0 {
		t.Errorf("left in staging after recovery: %v", left)
	}
	write(t, j, "probe-of-a-new-transaction", "x")
	if err := j.Close(); err != nil {
		t.Errorf("close after recovery: %v", err)
	}
	if err := os.Remove(filepath.Join(root, "probe-of-a-new-transaction")); err != nil {
		t.Error(err)
	}
	again, err := journal.Open(context.Background(), root, nil)
	if err != nil {
		t.Fatalf("second open: %v", err)
	}
	defer again.Close()
	if !again.Recovered().Clean {
		t.Errorf("second open: not clean: %s", again.Recovered().Summary())
	}
	if d := testtree.Diff(tree(t, root), after); d != "" {
		t.Errorf("the second open changed files:\n%s", d)
	}
	return after
}

// wait waits until ready returns true.
func wait(t testing.TB, what string, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}
