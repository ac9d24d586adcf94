package recovery

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/journal/record"
)

// fileInfo is a file of this mode.
type fileInfo struct{ mode fs.FileMode }

func (f fileInfo) Name() string       { return "a" }
func (f fileInfo) Size() int64        { return 1 }
func (f fileInfo) Mode() fs.FileMode  { return f.mode }
func (f fileInfo) ModTime() time.Time { return time.Time{} }
func (f fileInfo) IsDir() bool        { return f.mode.IsDir() }
func (f fileInfo) Sys() any           { return nil }

func TestWhatIsFoundIsClassified(t *testing.T) {
	t.Parallel()
	file, link, dir, pipe := fileInfo{0o644}, fileInfo{fs.ModeSymlink}, fileInfo{fs.ModeDir}, fileInfo{fs.ModeNamedPipe}
	for _, test := range []struct {
		observation
		want finding
	}{
		{observation{}, foundNothing},
		{observation{info: file, known: true}, foundKnown},
		{observation{info: file, known: true, newer: true}, foundKnown},
		{observation{info: link, known: true}, foundKnown},
		{observation{info: file, newer: true}, foundEdited},
		{observation{info: link, newer: true}, foundEdited},
		{observation{info: file}, foundUnknownFile},
		{observation{info: link}, foundUnknownLink},
		{observation{info: dir}, foundDir},
		{observation{info: dir, newer: true}, foundDir},
		{observation{info: pipe}, foundSpecial},
		{observation{info: pipe, newer: true}, foundEditedSpecial},
	} {
		if got := test.finding(); got != test.want {
			t.Errorf("%+v: %d, want %d", test.observation, got, test.want)
		}
	}
}

// Each cell of the table, without the exceptions in its notes.
func TestTheTableOfDecisions(t *testing.T) {
	t.Parallel()
	file := record.Replaced{Kind: record.ReplacedFile, Size: 1}
	columns := [wants]apply.Change{
		wantContent: {Intent: record.Intent{Op: record.OpPut, Replaced: file}},
		wantDir:     {Intent: record.Intent{Op: record.OpMkdir}},
		wantDirAnew: {Intent: record.Intent{Op: record.OpMkdir, Replaced: file}, Before: apply.Removed},
		wantNothing: {Intent: record.Intent{Op: record.OpRemove, Replaced: file}},
		wantMode:    {Intent: record.Intent{Op: record.OpChmod}},
	}
	rows := []struct {
		found observation
		want  [wants]Decision
	}{
		foundNothing:       {observation{}, [wants]Decision{Redo, Redo, Redo, Redo, SetAside}},
		foundKnown:         {observation{info: fileInfo{0}, known: true}, [wants]Decision{Redo, SetAside, Redo, Redo, Redo}},
		foundEdited:        {observation{info: fileInfo{0}, newer: true}, [wants]Decision{KeepFound, SetAside, KeepFound, KeepFound, Redo}},
		foundUnknownFile:   {observation{info: fileInfo{0}}, [wants]Decision{Displace, SetAside, Displace, Displace, Redo}},
		foundUnknownLink:   {observation{info: fileInfo{fs.ModeSymlink}}, [wants]Decision{Displace, SetAside, Redo, Redo, SetAside}},
		foundDir:           {observation{info: fileInfo{fs.ModeDir}}, [wants]Decision{SetAside, Redo, Redo, Redo, Redo}},
		foundSpecial:       {observation{info: fileInfo{fs.ModeSocket}}, [wants]Decision{SetAside, SetAside, Redo, Redo, Redo}},
		foundEditedSpecial: {observation{info: fileInfo{fs.ModeSocket}, newer: true}, [wants]Decision{SetAside, SetAside, KeepFound, KeepFound, Redo}},
	}
	if len(rows) != len(rules) {
		t.Fatalf("%d rows, the table has %d", len(rows), len(rules))
	}
	d := newDecider(t)
	for row, r := range rows {
		if r.found.finding() != finding(row) {
			t.Fatalf("row %d: %+v is %d", row, r.found, r.found.finding())
		}
		for column, decision := range r.want {
			c := columns[column]
			c.Path = "a"
			if wantOf(&c) != want(column) {
				t.Fatalf("column %d: %+v is %d", column, c, wantOf(&c))
			}
			v, err := rules[row][column](d, &c, r.found)
			if err != nil || v.decision != decision || v.decision != Redo && v.reason == "" {
				t.Errorf("row %d, column %d: %s (%q), %v; want %s", row, column, v.decision, v.reason, err, decision)
			}
		}
	}
}

// The notes under the table.
func TestTheExceptionsOfTheTable(t *testing.T) {
	t.Parallel()
	unknownFile := observation{info: fileInfo{0}}
	dir := observation{info: fileInfo{fs.ModeDir}}
	removed := func(op record.Op, before apply.Before) apply.Change {
		return apply.Change{Intent: record.Intent{Op: op}, Before: before}
	}
	for i, test := range []struct {
		found observation
		c     apply.Change
		want  Decision
	}{
		{observation{info: fileInfo{fs.ModeSymlink}, known: true}, removed(record.OpChmod, apply.AsIs), SetAside},
		{unknownFile, removed(record.OpPut, apply.AsIs), Displace},
		{unknownFile, removed(record.OpPut, apply.Removed), Redo},
		{unknownFile, removed(record.OpRemove, apply.AsIs), Redo},
		{unknownFile, removed(record.OpMkdir, apply.Removed), Redo},
		{dir, removed(record.OpPut, apply.Removed), Redo},
		{dir, removed(record.OpPut, apply.RemovedAll), SetAside},
		{dir, removed(record.OpRemoveAll, apply.RemovedAll), KeepFound},
		{dir, removed(record.OpMkdir, apply.RemovedAll), Redo},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			d := newDecider(t)
			// Everything in this tree changed after the journal's last sign of life.
			if err := os.MkdirAll(filepath.Join(d.tree.dir.RootPath(), "a", "b"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(d.tree.dir.RootPath(), "a", "b", "edited"), []byte("edited"), 0o644); err != nil {
				t.Fatal(err)
			}
			test.c.Path = "a"
			d.changes.Add(test.c.Intent)
			d.changes.Put(&test.c)
			v, err := rules[test.found.finding()][wantOf(&test.c)](d, &test.c, test.found)
			if err != nil || v.decision != test.want {
				t.Errorf("%s (%q), %v; want %s", v.decision, v.reason, err, test.want)
			}
		})
	}
}

// newDecider returns a decider for an empty tree.
func newDecider(t *testing.T) *decider {
	t.Helper()
	dir, err := layout.Create(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	tree, err := newObserver(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.close() })
	return &decider{ctx: context.Background(), tree: tree, changes: new(apply.Set)}
}
