package journal_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal"
	"github.com/forewrite/forewrite/recovery"
)

// A write that returned nil because nothing was looked at yet must not be dropped
// when it turns out to be impossible.
func TestABlindWriteThatCannotBeDoneFailsTheTransaction(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, nil)
	err := j.Update(t.Context(), func(tx *journal.Tx) error {
		if err := do(put("missing/today.log", "entry"), put("important", "acknowledged"))(tx); err != nil {
			return err
		}
		if _, err := tx.ReadFile("counter"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the read: %v", err)
		}
		return nil // as a caller that takes the error for a missing counter
	})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "write missing/today.log: directory missing does not exist") {
		t.Errorf("Update: %v", err)
	}
	if d := testtree.Diff(content(t, root), nil); d != "" {
		t.Errorf("the tree changed:\n%s", d)
	}
	write(t, j, "important", "later")
}

func TestAnErrorOfAnOperationWithTwoNamesHasBoth(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir(), nil)
	update(t, j, do(put("a", "A"), mkdir("d")))
	for op, fn := range map[string]func(*journal.Tx) error{
		"rename a to d":      func(tx *journal.Tx) error { return tx.Rename("a", "d") },
		"rename none to b":   func(tx *journal.Tx) error { return tx.Rename("none", "b") },
		"copy a to missing/": func(tx *journal.Tx) error { return tx.Copy("a", "missing/b") },
	} {
		err := j.Update(t.Context(), fn)
		var te *journal.TxError
		if !errors.As(err, &te) || te.To == "" || !strings.HasPrefix(err.Error(), fmt.Sprintf("journal: tx %d: %s", te.Tx, op)) {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func TestCommitAndRollbackInsideUpdatePanic(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir(), nil)
	for name, end := range map[string]func(*journal.Tx) error{"Commit": (*journal.Tx).Commit, "Rollback": (*journal.Tx).Rollback} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasPrefix(got, "journal: "+name+" called in the function given to Update") {
					t.Errorf("%s: panic %q", name, got)
				}
			}()
			j.Update(t.Context(), func(tx *journal.Tx) error {
				if err := tx.WriteFile("a", nil, 0o644); err != nil {
					return err
				}
				return end(tx)
			})
		}()
		if _, err := j.Begin(t.Context()); err != nil {
			t.Errorf("after a panic: %v", err)
		}
		update(t, j, rmAll("a")) // the writer lock is free
	}
}

func TestCommitEndsWithTheContextOfBegin(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, nil)
	holder, err := j.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback()
	if _, err := holder.ReadDir("."); err != nil { // acquires the writer lock
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	tx, err := j.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.WriteFile("a", []byte("A"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Commit: %v", err)
	}
	if left := staging(t, root); len(left) > 0 { // it was prepared, and is not any more
		t.Errorf("left in staging: %v", left)
	}
}

// A context that has ended ends everything but Rollback, also where nothing is waited
// for.
func TestNothingIsDoneWithAContextThatHasEnded(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, nil)
	write(t, j, "a", "A")
	before := tree(t, root)
	for name, tt := range map[string]struct{ first, then txFunc }{
		"a blind write":           {do(), put("a", "B")},
		"a write under the lock":  {do(reads("a", "A"), put("a", "B")), do()},
		"a removal":               {do(rm("a")), do()},
		"the first read":          {do(), reads("a", "A")},
		"a read, after a write":   {put("a", "B"), reads("a", "B")},
		"a transaction that read": {reads("a", "A"), do()},
	} {
		for range 20 { // the lock is free, and must not win by chance
			ctx, cancel := context.WithCancel(t.Context())
			tx, err := j.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.first(tx); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			cancel()
			err = tt.then(tx)
			if err == nil {
				err = tx.Commit()
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
			tx.Rollback()
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		tx, err := j.Begin(ended)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ReadFile("a"); !errors.Is(err, context.Canceled) {
			t.Errorf("a read: %v", err)
		}
		tx.Rollback()
	}
	if err := j.View(ended, func(fs.FS) error { t.Error("the view was called"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("View: %v", err)
	}
	if _, err := j.Snapshot(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Snapshot: %v", err)
	}
	if d := testtree.Diff(tree(t, root), before); d != "" {
		t.Error(d)
	}
	write(t, j, "a", "A2")
}

// When one change can't be prepared, nothing is left of the others. Here somebody has
// removed the content of a large file from staging.
func TestAChangeThatCannotBePreparedLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, files := range []int{2, 20} { // one after the other, and in parallel
		for _, locked := range []bool{false, true} {
			root := t.TempDir()
			j := open(t, root, nil)
			err := j.Update(t.Context(), func(tx *journal.Tx) error {
				if locked {
					if _, err := tx.ReadDir("."); err != nil {
						return err
					}
				}
				if err := tx.WriteFile("y", []byte(large), 0o644); err != nil {
					return err
				}
				for _, e := range staging(t, root) {
					if err := os.Remove(filepath.Join(root, ".journal", "staging", e.Name())); err != nil {
						return err
					}
				}
				for n := range files {
					if err := tx.WriteFile(fmt.Sprint("f", n), []byte("x"), 0o644); err != nil {
						return err
					}
				}
				return tx.WriteFile("z", []byte(large), 0o644)
			})
			if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "prepare y: ") {
				t.Errorf("Update: %v", err)
			}
			if left := staging(t, root); len(left) > 0 {
				t.Errorf("%d files, locked: %v: left in staging: %v", files, locked, left)
			}
			if d := testtree.Diff(content(t, root), nil); d != "" {
				t.Errorf("the tree changed:\n%s", d)
			}
		}
	}
}

func TestAFileThatIsStillOpenIsNamed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, nil)
	err := j.Update(t.Context(), func(tx *journal.Tx) error {
		f, err := tx.Create("large", 0o644)
		if err != nil {
			return err
		}
		_, err = f.Write([]byte(large))
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "file large from Create was neither committed nor closed") {
		t.Errorf("Update: %v", err)
	}
	if left, _ := os.ReadDir(filepath.Join(root, ".journal", "staging")); len(left) > 0 {
		t.Errorf("left in staging: %v", left)
	}
}

func TestCloseOfAFileDiscardsIt(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, nil)
	update(t, j, func(tx *journal.Tx) error {
		for name, content := range map[string]string{"small": "x", "large": large} {
			f, err := tx.Create(name, 0o644)
			if err != nil {
				return err
			}
			if _, err := f.Write([]byte(content)); err != nil {
				return err
			}
			if err := errors.Join(f.Close(), f.Close()); err != nil {
				return err
			}
			if err := f.Commit(); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("Commit after Close: %v", err)
			}
		}
		return put("kept", "K")(tx)
	})
	if d := testtree.Diff(content(t, root), map[string]string{"kept": "K"}); d != "" {
		t.Error(d)
	}
	if left, _ := os.ReadDir(filepath.Join(root, ".journal", "staging")); len(left) > 0 {
		t.Errorf("left in staging: %v", left)
	}
}

// What a reader has not given to the end is not a file.
func TestAFileWhoseSourceFailedIsNotCommitted(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, nil)
	broken := errors.New("broken")
	for _, size := range []int{10, len(large)} {
		update(t, j, func(tx *journal.Tx) error {
			f, err := tx.Create("f", 0o644)
			if err != nil {
				return err
			}
			if n, err := f.ReadFrom(io.MultiReader(strings.NewReader(large[:size]), iotest.ErrReader(broken))); n != int64(size) || err != broken {
				t.Errorf("ReadFrom: %d, %v", n, err)
			}
			if err := f.Commit(); !errors.Is(err, broken) {
				t.Errorf("Commit: %v", err)
			}
			return nil
		})
	}
	if d := testtree.Diff(content(t, root), nil); d != "" {
		t.Error(d)
	}
}

// However a file is made, it has the mode that the system would give it.
func TestANewFileHasPermissionsLessTheUmask(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, nil)
	update(t, j, func(tx *journal.Tx) error {
		f, err := tx.Create("create", 0o666)
		if err != nil {
			return err
		}
		return errors.Join(f.Commit(), tx.WriteFile("write", nil, 0o666), tx.Append("append", nil, 0o666))
	})
	if err := os.WriteFile(filepath.Join(root, "system"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	all := tree(t, root)
	for name, n := range all {
		if n.Mode != all["system"].Mode {
			t.Errorf("%s: %v, want %v", name, n.Mode, all["system"].Mode)
		}
	}
}

// Files that are open at the same time each fit into the log, but not all of them.
func TestFilesThatAreOpenAtTheSameTimeShareTheInlineLimit(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	const files, size = 24, 1 << 20 // 24 MiB; at most 16 go into the log
	j = reopenWith(t, j, root, &journal.Options{CheckpointIdle: -1, InlineLimit: 2 << 20})
	update(t, j, func(tx *journal.Tx) error {
		var all []*journal.File
		for n := range files {
			f, err := tx.Create(fmt.Sprint("f", n), 0o644)
			if err != nil {
				return err
			}
			if _, err := f.Write(make([]byte, size)); err != nil {
				return err
			}
			all = append(all, f)
		}
		for _, f := range all {
			if err := f.Commit(); err != nil {
				return err
			}
		}
		return nil
	})
	if got := j.Stats().LogBytes; got > 17<<20 {
		t.Errorf("%d bytes in the log", got)
	}
	if got := len(content(t, root)); got != files {
		t.Errorf("%d files", got)
	}
}

// reopenWith closes j and opens it with other options.
func reopenWith(t *testing.T, j *journal.Journal, root string, opts *journal.Options) *journal.Journal {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, root, opts)
}

func TestStatsCountTransactionsAndNotMarks(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	for n := range 3 {
		write(t, j, "f", fmt.Sprint(n))
		if err := j.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s := j.Stats(); s.Transactions != 3 || s.Checkpoints != 3 {
		t.Errorf("%+v", s)
	}
	reader := open(t, root, &journal.Options{ReadOnly: true})
	if s := reader.Stats(); s != (journal.Stats{}) {
		t.Errorf("read-only: %+v", s)
	}
}

// Begin may still be at work in the log when the journal is closed.
func TestBeginBesideClose(t *testing.T) {
	t.Parallel()
	for range 50 {
		root := t.TempDir()
		open(t, root, nil).Close()
		j := open(t, root, nil)
		done := make(chan error)
		go func() {
			tx, err := j.Begin(context.Background())
			if err == nil {
				err = tx.Rollback()
			} else if errors.Is(err, journal.ErrClosed) {
				err = nil
			}
			done <- err
		}()
		if err := errors.Join(j.Close(), <-done); err != nil {
			t.Fatal(err)
		}
		segments, err := os.ReadDir(filepath.Join(root, ".journal", "log"))
		if err != nil || len(segments) != 1 {
			t.Fatalf("left in the log: %v, %v", segments, err)
		}
	}
}

func TestAnErrorQuotesANameThatCannotBeRead(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir(), nil)
	for name, want := range map[string]string{
		"":          `write "": a name must be`,
		"a\nb/../c": `write "a\nb/../c": a name must be`,
		"x/y":       "write x/y: directory x",
	} {
		err := j.Update(t.Context(), put(name, "content"))
		var te *journal.TxError
		if !errors.As(err, &te) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	err := j.Update(t.Context(), func(tx *journal.Tx) error { return tx.WriteFile("a", nil, fs.ModeDir|0o755) })
	if !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a mode with a type: %v", err)
	}
}

func TestAnUnknownPolicyIsRefused(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	opts := &journal.Options{Recovery: recovery.Salvage + 1}
	if _, err := journal.Open(t.Context(), root, opts); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("Open: %v", err)
	}
	if d := testtree.Diff(testtree.Of(t, root), nil); d != "" {
		t.Errorf("Open has made something:\n%s", d)
	}
	open(t, root, nil)
	if _, err := recovery.Plan(t.Context(), root, &recovery.Options{Policy: opts.Recovery}); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("Plan: %v", err)
	}
}

func TestAReadOnlyOpenOfAHalfMadeJournalFindsNone(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, ".journal", "log"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Open(t.Context(), root, &journal.Options{ReadOnly: true}); !errors.Is(err, journal.ErrNoJournal) {
		t.Errorf("%v", err)
	}
}
