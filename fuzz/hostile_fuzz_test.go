//go:build unix

package fuzz

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// crashed makes a root whose journal has something to redo, by a journal that is
// still open while the tree is copied.
func crashed(t testing.TB) tree {
	dir := t.TempDir()
	jr, err := journal.Open(context.Background(), dir, &journal.Options{SegmentSize: 4096, InlineLimit: 200, CheckpointIdle: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer jr.Close()
	for _, ops := range [][]op{
		{{verb: "mkdir", a: "d"}, {verb: "write", a: "d/a", n: 50}, {verb: "write", a: "big", n: 500}},
		{{verb: "rename", a: "d/a", b: "b"}, {verb: "symlink", a: "l", b: "d"}, {verb: "chmod", a: "d", n: 0o700}},
		{{verb: "removeall", a: "d"}, {verb: "write", a: "c", n: 20}},
	} {
		err := jr.Update(context.Background(), func(tx *journal.Tx) error {
			for _, o := range ops {
				if err := do(tx, o); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return tree(testtree.Of(t, filepath.Join(dir, ".journal")))
}

// FuzzOpenHostileJournal: whatever lies in the journal directory, Open neither
// panics nor reaches out of the root nor takes memory without bound.
func FuzzOpenHostileJournal(f *testing.F) {
	base := crashed(f)
	f.Add([]byte{}, byte(0))
	f.Add([]byte{0, 0, 0, 1, 0xff}, byte(1))
	for i := range byte(16) {
		f.Add([]byte{i, 0, i * 3, 2, i, 0x80, i + 1, 1, i, 1, 7}, i)
	}
	for _, to := range []string{"\xff", "\xfe", "\xfd", "\xfc"} {
		for i := range byte(12) {
			f.Add([]byte{i, to[0], 0, 0}, byte(2))
		}
	}
	f.Fuzz(func(t *testing.T, edits []byte, flags byte) {
		if len(edits) > 4096 {
			t.Skip("larger than it needs to be")
		}
		outer := t.TempDir()
		root := filepath.Join(outer, "root")
		plant(t, base, outer, root, edits, flags)
		before := outside(t, outer)
		openHostile(t, root, recovery.Policy(flags&1), int64(len(edits)))
		if d := outside(t, outer).diff(before); d != "" {
			t.Errorf("something outside the root has changed: %s", d)
		}
	})
}

// plant makes the root with a mutated journal directory, and things beside it
// that nobody may touch.
func plant(t *testing.T, base tree, outer, root string, edits []byte, flags byte) {
	journalDir := filepath.Join(root, ".journal")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(outer, "outside/d"), 0o755))
	must(os.WriteFile(filepath.Join(outer, "outside/b"), []byte("precious"), 0o644))
	must(os.WriteFile(filepath.Join(outer, "outside/d/a"), []byte("precious"), 0o644))
	must(os.MkdirAll(journalDir, 0o700))
	files := base.mutated(edits, flags)
	for _, p := range sortedPaths(files) {
		name, n := filepath.Join(journalDir, p), files[p]
		if _, err := os.Lstat(filepath.Dir(name)); err != nil {
			continue
		}
		switch {
		case n.Mode&fs.ModeSymlink != 0:
			must(os.Symlink(n.Data, name))
		case n.Mode.IsDir():
			os.MkdirAll(name, 0o700) // fails where it would have to be in a file
		default:
			os.WriteFile(name, []byte(n.Data), 0o600) // fails where a link leads nowhere
		}
	}
	if flags&4 != 0 {
		must(os.Symlink("../outside/d", filepath.Join(root, "d")))
	}
	if flags&8 != 0 {
		must(os.Symlink("../outside/b", filepath.Join(root, "b")))
	}
}

// mutated applies edits of four bytes and more: the number of a file, an offset,
// a length, and so many bytes to put there. Offsets from 0xfc00 on replace the file
// by a link out of the root, a directory, nothing, or a link to another name.
func (t tree) mutated(edits []byte, flags byte) tree {
	out := tree{}
	for p, n := range t {
		out[p] = n
	}
	paths := sortedPaths(out)
	for len(edits) >= 4 {
		p := paths[int(edits[0])%len(paths)]
		high, at, size := edits[1], int(edits[1])<<8|int(edits[2]), min(int(edits[3]), len(edits)-4)
		n, data := out[p], edits[4:4+size]
		edits = edits[4+size:]
		up := strings.Repeat("../", strings.Count(p, "/")+2) // out of .journal and of the root
		switch {
		case high == 0xff:
			n = node{Mode: fs.ModeSymlink, Data: up + "outside"}
		case high == 0xfe:
			n = node{Mode: fs.ModeSymlink, Data: up + "outside/b"}
		case high == 0xfd:
			delete(out, p)
			continue
		case high == 0xfc:
			n = node{Mode: fs.ModeDir}
		case n.Mode.IsRegular():
			b := []byte(n.Data)
			at %= len(b) + 1
			b = append(b, make([]byte, max(0, at+size-len(b)))...)
			copy(b[at:], data)
			n.Data = string(b)
		}
		out[p] = n
	}
	if flags&2 != 0 {
		out.reseal()
	}
	return out
}

// reseal makes the hashes of all groups right.
func (t tree) reseal() {
	for p, n := range t {
		dir, file := filepath.Split(p)
		name, ok := segment.ParseName(filepath.Base(dir))
		if file != segment.FileName || !ok {
			continue
		}
		b := []byte(n.Data)
		reseal(b, name.Salt, 0xff)
		n.Data = string(b)
		t[p] = n
	}
}

// outside is everything in outer that is not the root.
func outside(t *testing.T, outer string) tree {
	t.Helper()
	return tree(testtree.Of(t, outer, "root"))
}

// refused reports whether an error of Open is about what is in the journal directory.
func refused(err error) bool {
	return slices.ContainsFunc([]error{
		journal.ErrUnsafe, recovery.ErrCorrupt, record.ErrVersion,
	}, func(kind error) bool { return errors.Is(err, kind) })
}

// openHostile opens the journal, reads through it, and closes it again.
func openHostile(t *testing.T, root string, policy recovery.Policy, input int64) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	jr, err := journal.Open(ctx, root, &journal.Options{SegmentSize: 4096, Recovery: policy, LockTimeout: time.Second})
	runtime.ReadMemStats(&after)
	if taken := int64(after.TotalAlloc - before.TotalAlloc); taken > input+64<<20 {
		t.Errorf("Open took %d MB of memory", taken>>20)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		t.Error("Open took more than 20 s")
	}
	if err != nil {
		if !refused(err) {
			t.Errorf("error of no known kind: %v", err)
		}
		return
	}
	err = jr.Update(ctx, func(tx *journal.Tx) error { return tx.WriteFile("fresh", []byte("x"), 0o600) })
	if err := errors.Join(err, jr.Close()); err != nil {
		t.Errorf("opened, and cannot be used: %v", err)
	}
}
