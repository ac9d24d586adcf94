package apply_test

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal/record"
)

// place is a tree to apply changes to.
type place struct {
	dir   string
	files *apply.Files
}

func newPlace(t *testing.T) place {
	t.Helper()
	dir := t.TempDir()
	d, err := layout.Create(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	files, err := apply.NewFiles(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close(); d.Close() })
	return place{dir, files}
}

// apply makes the tree equal to the fold of the intents.
func (p place) apply(t *testing.T, intents ...record.Intent) {
	t.Helper()
	var set apply.Set
	for _, i := range intents {
		set.Add(i)
	}
	for _, c := range set.Changes() {
		if err := p.files.Prepare(c, p.files.OnDisk(c)); err != nil {
			t.Fatalf("prepare %s %s: %v", c.Op, c.Path, err)
		}
	}
	var dirty apply.Dirty
	for _, s := range set.Steps() {
		if err := p.files.Execute(s); err != nil {
			t.Fatalf("%v: %s %s: %v", intents, s.Op, s.Path, err)
		}
		dirty.Add(s)
	}
	if err := p.files.Sync(context.Background(), &dirty); err != nil {
		t.Fatal(err)
	}
}

// tree describes what is there.
func (p place) tree(t *testing.T) testtree.Tree {
	t.Helper()
	return testtree.Of(t, p.dir, ".journal")
}

// dirModes are what directories get. One that is closed to its owner stays closed to
// an ordinary user: the journal refuses to change it, before there is an intent.
func dirModes() []fs.FileMode {
	if os.Geteuid() == 0 {
		return []fs.FileMode{0o755, 0o700, 0o500}
	}
	return []fs.FileMode{0o755, 0o700, 0o711}
}

var foldPaths = []string{"a", "b", "d", "d/a", "d/b", "d/d", "d/d/a", "e", "e/a"}

// next draws an intent that can be done to the tree as it is.
func (p place) next(random *rand.Rand, n int) record.Intent {
	for {
		i := record.Intent{Tx: 1, Op: record.Op(1 + random.IntN(6)), Path: foldPaths[random.IntN(len(foldPaths))], Mode: 0o640}
		fi, err := os.Lstat(filepath.Join(p.dir, i.Path))
		there := err == nil
		if up, err := os.Lstat(filepath.Join(p.dir, path.Dir(i.Path))); err != nil || !up.IsDir() {
			continue
		}
		ok := false
		switch i.Op {
		case record.OpPut:
			ok = !there || !fi.IsDir()
			i.Payload = record.Inline(fmt.Append(nil, "text ", n))
		case record.OpSymlink:
			ok = !there
			i.Mode, i.Payload = 0o777, record.Inline([]byte([]string{"a", "d", "nowhere"}[random.IntN(3)]))
		case record.OpMkdir:
			ok = !there
			i.Mode = dirModes()[random.IntN(3)]
		case record.OpRemove:
			left, _ := os.ReadDir(filepath.Join(p.dir, i.Path))
			ok = there && (!fi.IsDir() || len(left) == 0)
		case record.OpRemoveAll:
			ok = there
		case record.OpChmod:
			ok = there && fi.Mode()&fs.ModeSymlink == 0
			i.Mode = []fs.FileMode{0o755, 0o711, 0o700}[random.IntN(3)]
		}
		if ok {
			return i
		}
	}
}

// TestFoldIsTheSameAsOneByOne: any sequence of intents, folded and applied at once,
// gives the tree that they give one after the other; and it gives the same tree
// again when it is applied twice, or after any part of the sequence was.
func TestFoldIsTheSameAsOneByOne(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			one, folded, again := newPlace(t), newPlace(t), newPlace(t)
			var before, intents []record.Intent
			for n := range 4 + random.IntN(4) {
				before = append(before, one.next(random, n))
				one.apply(t, before[n])
			}
			for n := range 2 + random.IntN(10) {
				intents = append(intents, one.next(random, 100+n))
				one.apply(t, intents[n])
			}
			want := one.tree(t)
			folded.apply(t, before...)
			folded.apply(t, intents...)
			if d := testtree.Diff(folded.tree(t), want); d != "" {
				t.Fatalf("after %v\nfolded %v\n%s", before, intents, d)
			}
			again.apply(t, before...)
			for _, i := range intents[:random.IntN(len(intents)+1)] {
				again.apply(t, i)
			}
			for range 2 {
				again.apply(t, intents...)
				if d := testtree.Diff(again.tree(t), want); d != "" {
					t.Fatalf("after %v\nand a part of it, all of %v\n%s", before, intents, d)
				}
			}
		})
	}
}
