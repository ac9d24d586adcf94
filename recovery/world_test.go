package recovery_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment/segmenttest"
	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// world is a root with a journal whose log is written by hand.
type world struct {
	*segmenttest.Builder
	t    testing.TB
	root string
	dir  string
}

// newWorld makes a journal as it is right after it was opened for the first time,
// in a tree with these files; names that end in a slash are directories.
func newWorld(t testing.TB, files ...string) *world {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	w := &world{t: t, root: root, dir: filepath.Join(root, ".journal")}
	w.mkdir(".journal/staging")
	w.Builder = segmenttest.New(t, filepath.Join(w.dir, "log"))
	w.Segment(4096).Open(0, 0)
	w.makeFormat()
	for _, f := range files {
		if dir, found := strings.CutSuffix(f, "/"); found {
			w.mkdir(dir)
		} else {
			w.write(f, "old "+f)
		}
	}
	return w
}

// makeFormat writes FORMAT, as the journal does when it is completely made.
func (w *world) makeFormat() {
	w.t.Helper()
	format := layout.Format{Version: record.Version, ID: 0xabcdef}
	w.check(os.WriteFile(filepath.Join(w.dir, layout.FormatFile), []byte(format.String()), 0o600))
}

// in makes t the test that fails.
func (w *world) in(t testing.TB) *world {
	w.t = t
	return w
}

func (w *world) path(p string) string { return filepath.Join(w.root, filepath.FromSlash(p)) }

func (w *world) mkdir(p string) {
	w.t.Helper()
	w.check(os.MkdirAll(w.path(p), 0o700))
}

func (w *world) write(p, content string) {
	w.t.Helper()
	w.check(os.MkdirAll(filepath.Dir(w.path(p)), 0o755))
	w.check(os.WriteFile(w.path(p), []byte(content), 0o644))
}

func (w *world) remove(p string) {
	w.t.Helper()
	w.check(os.RemoveAll(w.path(p)))
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// staged makes a file in staging and returns the intent to put it at p.
func (w *world) staged(p, name, content string) record.Intent {
	w.t.Helper()
	w.write(".journal/staging/"+name, content)
	payload := record.Inline([]byte(content))
	payload.Kind, payload.Data, payload.Name = record.PayloadStaged, nil, name
	return record.Intent{Op: record.OpPut, Mode: 0o644, Path: p, Payload: payload}
}

// linked links the file at from into staging and returns the intent to put it at p.
func (w *world) linked(p, name, from string) record.Intent {
	w.t.Helper()
	w.check(os.Link(w.path(from), w.path(".journal/staging/"+name)))
	fi, err := os.Lstat(w.path(from))
	w.check(err)
	return record.Intent{Op: record.OpPut, Mode: 0o644, Path: p, Payload: record.Payload{Kind: record.PayloadLinked,
		Name: name, Size: fi.Size(), MTime: fi.ModTime().UnixNano()}}
}

// replacing adds to an intent what it found at its path.
func (w *world) replacing(i record.Intent) record.Intent {
	w.t.Helper()
	fi, err := os.Lstat(w.path(i.Path))
	w.check(err)
	i.Replaced = record.Replaced{Kind: record.ReplacedFile, Size: fi.Size(), MTime: fi.ModTime().UnixNano()}
	return i
}

// replacingVersion adds to an intent that it replaces what the journal put before.
func replacingVersion(i record.Intent, content string) record.Intent {
	old := record.Inline([]byte(content))
	i.Replaced = record.Replaced{Kind: record.ReplacedVersion, Size: old.Size, Hash: old.Hash}
	return i
}

func (w *world) run() *recovery.Report {
	w.t.Helper()
	r, err := w.recover(context.Background(), recovery.Options{})
	w.check(err)
	return r
}

// recover opens the journal directory and runs recovery, as the journal does.
func (w *world) recover(ctx context.Context, opts recovery.Options) (*recovery.Report, error) {
	dir, err := layout.Open(w.root, w.rel())
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return recovery.Run(ctx, dir, opts)
}

func (w *world) planWith(policy recovery.Policy) (*recovery.Report, error) {
	return recovery.Plan(context.Background(), w.root, &recovery.Options{Dir: w.rel(), Policy: policy})
}

// rel returns the path of the journal directory below the root.
func (w *world) rel() string {
	rel, err := filepath.Rel(w.root, w.dir)
	w.check(err)
	return filepath.ToSlash(rel)
}

func (w *world) plan() *recovery.Report {
	w.t.Helper()
	r, err := w.planWith(recovery.Strict)
	w.check(err)
	return r
}

// tree describes everything outside the journal.
func (w *world) tree() testtree.Tree {
	w.t.Helper()
	rel, err := filepath.Rel(w.root, w.dir)
	w.check(err)
	return testtree.Of(w.t, w.root, filepath.ToSlash(rel))
}

// everything describes the journal, too.
func (w *world) everything() testtree.Tree {
	w.t.Helper()
	return testtree.Of(w.t, w.root)
}

// unchanged compares all of the tree with what it was.
func (w *world) unchanged(before testtree.Tree) {
	w.t.Helper()
	if d := testtree.Diff(w.everything(), before); d != "" {
		w.t.Fatalf("something has changed:\n%s", d)
	}
}

// content is the tree without modes.
func (w *world) content() map[string]string {
	w.t.Helper()
	return w.tree().Contents()
}

// expect compares the tree to what it should hold, as content describes it.
func (w *world) expect(want map[string]string) {
	w.t.Helper()
	if d := testtree.Diff(w.content(), want); d != "" {
		w.t.Errorf("the tree:\n%s", d)
	}
}

// lost returns the content of what was put into lost+found, README left out.
func (w *world) lost() []string {
	w.t.Helper()
	var all []string
	w.check(filepath.WalkDir(filepath.Join(w.dir, "lost+found"), func(p string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !e.Type().IsRegular() || e.Name() == "README.txt" {
			return err
		}
		data, err := os.ReadFile(p)
		all = append(all, string(data))
		return err
	}))
	return all
}

// action returns what the report says about a path.
func action(t testing.TB, r *recovery.Report, p string) recovery.Action {
	t.Helper()
	for _, a := range r.Actions {
		if a.Path == p {
			return a
		}
	}
	t.Errorf("nothing about %s in %+v", p, r.Actions)
	return recovery.Action{}
}

func put(p, content string) record.Intent { return segmenttest.Put(p, content) }

func op(o record.Op, p string) record.Intent { return record.Intent{Op: o, Path: p} }

func mkdir(p string) record.Intent { return record.Intent{Op: record.OpMkdir, Mode: 0o755, Path: p} }

func symlink(p, target string) record.Intent {
	return record.Intent{Op: record.OpSymlink, Mode: 0o777, Path: p, Payload: record.Inline([]byte(target))}
}

func chmod(p string, mode fs.FileMode) record.Intent {
	return record.Intent{Op: record.OpChmod, Mode: mode, Path: p}
}
