package journal_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/internal/viewlock"
	"github.com/forewrite/forewrite/journal"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// A blind write is prepared beside others. If what it leads to has changed when it gets
// its place in the commit order, it is what it would have been had it begun then.
func TestABlindWriteComesAfterWhatWasCommittedWhileItWasPrepared(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		write string            // the name that is written
		tx    txFunc            // what is committed meanwhile
		want  map[string]string // what has changed then; "gone" is not there any more
		mode  fs.FileMode       // of where it led
		err   error
	}{
		"nothing":                  {"d/f", do(), map[string]string{"d/f": "W"}, 0o640, nil},
		"another file":             {"d/f", put("other", "O"), map[string]string{"d/f": "W", "other": "O"}, 0o640, nil},
		"the file is written":      {"d/f", put("d/f", "O"), map[string]string{"d/f": "W"}, 0o640, nil},
		"the mode is changed":      {"d/f", chmod("d/f", 0o600), map[string]string{"d/f": "W"}, 0o600, nil},
		"the file is removed":      {"d/f", rm("d/f"), map[string]string{"d/f": "W"}, 0o644, nil},
		"the file is made":         {"d/n", do(put("d/n", "O"), chmod("d/n", 0o600)), map[string]string{"d/n": "W"}, 0o600, nil},
		"a directory takes it":     {"d/n", mkdir("d/n"), map[string]string{"d/n": "/"}, 0, syscall.EISDIR},
		"the directory is removed": {"d/f", rmAll("d"), map[string]string{"d": "gone", "d/f": "gone"}, 0, fs.ErrNotExist},
		"the directory is moved":   {"d/f", mv("d", "m"), map[string]string{"d": "gone", "d/f": "gone", "m": "/", "m/f": "F"}, 0, fs.ErrNotExist},
		"the link leads elsewhere": {"l/f", do(rm("l"), ln("e", "l")), map[string]string{"e/f": "W", "l": "-> e"}, 0o640, nil},
		"a link behind the link":   {"c/f", do(rm("l"), ln("e", "l")), map[string]string{"e/f": "W", "l": "-> e"}, 0o640, nil},
		"the link's target goes":   {"l/f", rmAll("d"), map[string]string{"d": "gone", "d/f": "gone"}, 0, fs.ErrNotExist},
		"a link at the name":       {"d/n", ln("../e/f", "d/n"), map[string]string{"e/f": "W", "d/n": "-> ../e/f"}, 0o640, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			j := open(t, root, manual())
			update(t, j, do(mkdir("d"), put("d/f", "F"), chmod("d/f", 0o640), mkdir("e"), put("e/f", "E"), chmod("e/f", 0o640), ln("d", "l"), ln("l", "c")))
			before := content(t, root)
			holder, err := j.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer holder.Rollback()
			if _, err := holder.ReadDir("."); err != nil { // acquires the writer lock
				t.Fatal(err)
			}
			written := make(chan error, 1)
			go func() { written <- j.Update(context.Background(), put(tt.write, "W")) }()
			wait(t, "the write is prepared", func() bool { return len(staging(t, root)) > 0 })
			time.Sleep(5 * time.Millisecond) // it waits for the writer lock
			if err := errors.Join(tt.tx(holder), holder.Commit()); err != nil {
				t.Fatal(err)
			}
			err = <-written
			if !errors.Is(err, tt.err) {
				t.Fatalf("%v, want %v", err, tt.err)
			}
			maps.Copy(before, tt.want)
			maps.DeleteFunc(before, func(_, text string) bool { return text == "gone" })
			if d := testtree.Diff(content(t, root), before); d != "" {
				t.Error(d)
			}
			if tt.err == nil {
				fi, err := os.Stat(filepath.Join(root, filepath.FromSlash(tt.write)))
				if err != nil || fi.Mode() != tt.mode {
					t.Errorf("mode %v, %v, want %v", fi.Mode(), err, tt.mode)
				}
			}
			if err := j.Checkpoint(t.Context()); err != nil {
				t.Error(err)
			}
			if left := staging(t, root); len(left) > 0 {
				t.Errorf("left in staging: %v", left)
			}
		})
	}
}

// delayed keeps the owner from applying until release is called.
func delayed(t *testing.T, root string) (release func()) {
	t.Helper()
	s, err := openReader(t, root).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A transaction has its place in the commit order long before it is in the files. The
// next one reads it, and need not wait.
func TestATransactionReadsWhatIsNotAppliedYet(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	update(t, j, do(put("a", "old"), put("gone", "G")))
	release := delayed(t, root)
	committed := make(chan error, 1)
	go func() {
		committed <- j.Update(context.Background(), do(reads("a", "old"), put("a", "new"), rm("gone"), put("large", large)))
	}()
	wait(t, "the commit is in flight", func() bool { return j.Stats().InFlight == 3 })
	start := time.Now()
	tx, err := j.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := do(reads("a", "new"), reads("large", large))(tx); err != nil {
		t.Error(err)
	}
	if _, err := tx.ReadFile("gone"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is removed: %v", err)
	}
	tx.Rollback()
	if took := time.Since(start); took > time.Second { // the owner's patience is two
		t.Errorf("it took %v", took)
	}
	if got := content(t, root)["a"]; got != "old" {
		t.Errorf("on disk: %q", got)
	}
	release()
	if err := <-committed; err != nil {
		t.Error(err)
	}
}

// A large file that is not applied yet has a name in staging that its own transaction
// will remove. One that renames it takes a name of its own, and gives it back.
func TestRenameOfALargeFileThatIsNotAppliedYet(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	write(t, j, "a", "A")
	release := delayed(t, root)
	done := make(chan error, 2)
	go func() { done <- j.Update(context.Background(), put("a", large)) }()
	wait(t, "it is in flight", func() bool { return j.Stats().InFlight == 1 })
	before := len(staging(t, root))
	tx, err := j.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(tx.Rename("a", "b"), tx.Rollback()); err != nil {
		t.Fatal(err)
	}
	if got := len(staging(t, root)); got != before {
		t.Errorf("%d files in staging after Rollback, %d before", got, before)
	}
	go func() { done <- j.Update(context.Background(), mv("a", "b")) }()
	wait(t, "it is renamed in flight", func() bool { return j.Stats().InFlight == 2 })
	release()
	if err := errors.Join(<-done, <-done); err != nil {
		t.Fatal(err)
	}
	named := make(map[string]bool)
	for r, err := range recovery.Records(t.Context(), root, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if i := r.Record.Intent; r.Record.Kind == record.KindIntent && i.Payload.Name != "" {
			if named[i.Payload.Name] {
				t.Errorf("two records name %s", i.Payload.Name)
			}
			named[i.Payload.Name] = true
		}
	}
	if len(named) != 2 {
		t.Errorf("names in the log: %v", named)
	}
	if d := testtree.Diff(content(t, root), map[string]string{"b": large}); d != "" {
		t.Error(d)
	}
}

// After the commit point only the next Open can help. Here somebody removes what is about
// to be put into place.
func TestACommitThatCannotBeAppliedIsDurable(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	write(t, j, "a", "old")
	release := delayed(t, root)
	committed := make(chan error, 1)
	go func() { committed <- j.Update(context.Background(), put("a", "new")) }()
	wait(t, "the commit is in flight", func() bool { return j.Stats().InFlight == 1 })
	time.Sleep(50 * time.Millisecond) // it is in the log
	for _, e := range staging(t, root) {
		if err := os.Remove(filepath.Join(root, ".journal", "staging", e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	release()
	if err := <-committed; !errors.Is(err, journal.ErrCommitted) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the commit: %v", err)
	}
	if err := j.Update(t.Context(), put("b", "B")); !errors.Is(err, journal.ErrPoisoned) {
		t.Errorf("the next one: %v", err)
	}
	if err := j.Close(); !errors.Is(err, journal.ErrPoisoned) {
		t.Errorf("Close: %v", err)
	}
	recovered(t, root)
	if d := testtree.Diff(content(t, root), map[string]string{"a": "new"}); d != "" {
		t.Error(d)
	}
}

// While files are redone, readers in other processes are kept out, and those that read
// are waited for.
func TestOpenWaitsForReadersBeforeItRecovers(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, manual())
	write(t, j, "a", "A")
	crash := crashed(t, root)
	if err := os.Remove(filepath.Join(crash, "a")); err != nil { // not durable yet
		t.Fatal(err)
	}
	dir, err := layout.Open(crash, "")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	r, err := viewlock.OpenReader(t.Context(), dir, -1)
	if err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		j   *journal.Journal
		err error
	}
	opened := make(chan outcome, 1)
	go func() {
		j, err := journal.Open(context.Background(), crash, nil)
		opened <- outcome{j, err}
	}()
	time.Sleep(100 * time.Millisecond)
	if d := testtree.Diff(content(t, crash), nil); d != "" {
		t.Errorf("beside a reader:\n%s", d)
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	o := <-opened
	if o.err != nil {
		t.Fatal(o.err)
	}
	defer o.j.Close()
	if d := testtree.Diff(content(t, crash), map[string]string{"a": "A"}); d != "" {
		t.Error(d)
	}
}
