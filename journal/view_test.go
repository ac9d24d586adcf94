package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal"
)

func TestViewIsAnFS(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	beginning(t, root)
	os.Remove(filepath.Join(root, "dangling")) // fstest opens everything
	j := open(t, root, manual())
	update(t, j, do(put("a", "A2"), mkdir("new"), put("new/x", "N"), put("large", large)))
	expected := []string{"a", "b", "d/x", "d/sub/y", "empty", "link", "dirlink", "new/x", "large"}
	err := j.View(t.Context(), func(fsys fs.FS) error { return fstest.TestFS(fsys, expected...) })
	if err != nil {
		t.Errorf("unchanged: %v", err)
	}
	err = j.View(t.Context(), func(fsys fs.FS) error {
		update(t, j, do(put("a", "A3"), put("d/x", "X2"), rm("b"), rmAll("new"), put("later", "L"), mv("d/sub", "sub"), rm("link")))
		return fstest.TestFS(fsys, expected...)
	})
	if err != nil {
		t.Errorf("while all changes: %v", err)
	}
	err = j.Update(t.Context(), func(tx *journal.Tx) error {
		if err := do(put("b", "B2"), mkdir("more"), put("more/x", "M"), rm("later"))(tx); err != nil {
			return err
		}
		return fstest.TestFS(tx, "a", "b", "more/x", "sub/y", "large", "dirlink")
	})
	if err != nil {
		t.Errorf("in a transaction: %v", err)
	}
}

// TestViewShowsWhatWas: for every operation, a view that was open before it sees
// the tree of then, and one that is opened after it the tree of now.
func TestViewShowsWhatWas(t *testing.T) {
	t.Parallel()
	for _, c := range opCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			beginning(t, root)
			before := tree(t, root)
			j := open(t, root, nil)
			err := j.View(t.Context(), func(old fs.FS) error {
				update(t, j, c.tx)
				if d := testtree.Diff(fsTree(t, old), before); d != "" {
					t.Errorf("the old view:\n%s", d)
				}
				update(t, j, do(put("again", "1"), rmAll("d"), rmAll("a"), put("a", "A9")))
				if d := testtree.Diff(fsTree(t, old), before); d != "" {
					t.Errorf("the old view, later:\n%s", d)
				}
				return j.View(t.Context(), func(now fs.FS) error {
					if d := testtree.Diff(fsTree(t, now), tree(t, root)); d != "" {
						t.Errorf("the new view:\n%s", d)
					}
					return nil
				})
			})
			if err != nil {
				t.Error(err)
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

// fsTree is tree, of an fs.FS.
func fsTree(t *testing.T, fsys fs.FS) testtree.Tree {
	t.Helper()
	all, err := testtree.ReadFS(fsys)
	if err != nil {
		t.Error(err)
	}
	return all
}

func TestLongViewReadsOldBytesOverAThousandOverwrites(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := open(t, root, nil)
	const files = 10
	for n := range files {
		write(t, j, fmt.Sprint("f", n), fmt.Sprint("old ", n))
	}
	err := j.View(t.Context(), func(fsys fs.FS) error {
		for n := range 1000 {
			write(t, j, fmt.Sprint("f", n%files), fmt.Sprint("new ", n))
		}
		for n := range files {
			data, err := fs.ReadFile(fsys, fmt.Sprint("f", n))
			if err != nil || string(data) != fmt.Sprint("old ", n) {
				t.Errorf("f%d: %q, %v", n, data, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if left := staging(t, root); len(left) > 0 {
		t.Errorf("%d left in staging", len(left))
	}
}

func TestViewEnds(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir(), nil)
	write(t, j, "a", "A")
	var kept fs.FS
	stop := errors.New("stop")
	if err := j.View(t.Context(), func(fsys fs.FS) error { kept = fsys; return stop }); err != stop {
		t.Errorf("View: %v", err)
	}
	if _, err := fs.ReadFile(kept, "a"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("read after the end: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := j.View(ctx, func(fsys fs.FS) error {
		cancel()
		_, err := fs.ReadFile(fsys, "a")
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("read after cancel: %v", err)
	}
}

// generation is the content of a file; all files of one state have the same number.
type generation struct {
	Number int    `json:"number"`
	Filler string `json:"filler"`
}

var viewTime = flag.Duration("viewtime", 10*time.Second, "how long readers check what writers do")

// TestViewsAreConsistentBesideWriters: writers set all files to the same number,
// and move a sum between others; no view ever sees two numbers or another sum.
func TestViewsAreConsistentBesideWriters(t *testing.T) {
	t.Parallel()
	const files, readers = 12, 3
	j := open(t, t.TempDir(), &journal.Options{CheckpointIdle: 5 * time.Millisecond, SegmentSize: 64 << 10})
	set := func(n int) txFunc {
		return func(tx *journal.Tx) error {
			for f := range files {
				g := generation{n, strings.Repeat("x", n%500)}
				if err := journal.WriteJSON(tx, fmt.Sprintf("g%d/file", f), g); err != nil {
					return err
				}
			}
			return nil
		}
	}
	update(t, j, func(tx *journal.Tx) error {
		for f := range files {
			if err := tx.Mkdir(fmt.Sprintf("g%d", f), 0o755); err != nil {
				return err
			}
		}
		return set(0)(tx)
	})
	var reads, views, commits atomic.Int64
	end := time.Now().Add(*viewTime)
	more := func() bool {
		enough := views.Load() >= 5 && commits.Load() >= 5
		return !t.Failed() && (time.Now().Before(end) || !enough)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for n := 1; more(); n++ {
			if err := j.Update(context.Background(), set(n)); err != nil {
				t.Error(err)
				return
			}
			commits.Add(1)
		}
	})
	for range readers {
		group.Go(func() {
			for more() {
				err := j.View(context.Background(), func(fsys fs.FS) error {
					views.Add(1)
					first := -1
					for f := range files {
						data, err := fs.ReadFile(fsys, fmt.Sprintf("g%d/file", f))
						if err != nil {
							return err
						}
						var g generation
						if err := json.Unmarshal(data, &g); err != nil {
							return err
						}
						if first < 0 {
							first = g.Number
						}
						if g.Number != first || len(g.Filler) != first%500 {
							return fmt.Errorf("file %d is of generation %d, file 0 of %d", f, g.Number, first)
						}
						reads.Add(1)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d commits of %d files, %d views, %d reads", commits.Load(), files, views.Load(), reads.Load())
}
