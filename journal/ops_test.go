package journal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/forewrite/forewrite/atomic"
	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal"
)

type txFunc = func(tx *journal.Tx) error

// do runs several operations and stops at the first error.
func do(ops ...txFunc) txFunc {
	return func(tx *journal.Tx) error {
		for _, op := range ops {
			if err := op(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

func put(name, text string) txFunc {
	return func(tx *journal.Tx) error { return tx.WriteFile(name, []byte(text), 0o644) }
}
func add(name, text string) txFunc {
	return func(tx *journal.Tx) error { return tx.Append(name, []byte(text), 0o644) }
}
func rm(name string) txFunc    { return func(tx *journal.Tx) error { return tx.Remove(name) } }
func rmAll(name string) txFunc { return func(tx *journal.Tx) error { return tx.RemoveAll(name) } }
func mkdir(name string) txFunc { return func(tx *journal.Tx) error { return tx.Mkdir(name, 0o755) } }
func mkdirAll(name string) txFunc {
	return func(tx *journal.Tx) error { return tx.MkdirAll(name, 0o755) }
}
func mv(a, b string) txFunc { return func(tx *journal.Tx) error { return tx.Rename(a, b) } }
func cp(a, b string) txFunc { return func(tx *journal.Tx) error { return tx.Copy(a, b) } }
func ln(target, name string) txFunc {
	return func(tx *journal.Tx) error { return tx.Symlink(target, name) }
}
func chmod(name string, m fs.FileMode) txFunc {
	return func(tx *journal.Tx) error { return tx.Chmod(name, m) }
}
func stream(name string, chunks ...string) txFunc {
	return func(tx *journal.Tx) error {
		f, err := tx.Create(name, 0o644)
		if err != nil {
			return err
		}
		for _, c := range chunks {
			if _, err := f.Write([]byte(c)); err != nil {
				return err
			}
		}
		return f.Commit()
	}
}
func reads(name, want string) txFunc {
	return func(tx *journal.Tx) error {
		got, err := tx.ReadFile(name)
		if err == nil && string(got) != want {
			return errors.New(name + " reads " + string(got))
		}
		return err
	}
}

var large = strings.Repeat("0123456789abcdef", 40<<10) // beyond the inline limit

// opCases are transactions over the same beginning, with what they must result in:
// only the paths that differ, "" for those that are gone.
var opCases = []struct {
	name string
	tx   txFunc
	want map[string]string
}{
	{"write a new file", put("new", "n"), map[string]string{"new": "n"}},
	{"replace a file", put("a", "A2"), map[string]string{"a": "A2"}},
	{"write an empty file", put("a", ""), map[string]string{"a": ""}},
	{"write twice, the last one wins", do(put("a", "1"), put("a", "2")), map[string]string{"a": "2"}},
	{"write through a link to a file", put("link", "L"), map[string]string{"a": "L"}},
	{"write through a link to a directory", put("dirlink/x", "X2"), map[string]string{"d/x": "X2"}},
	{"write through a dangling link", put("dangling", "D"), map[string]string{"nowhere": "D"}},
	{"write a large file", put("big", large), map[string]string{"big": large}},
	{"stream a small file", stream("s", "one ", "two"), map[string]string{"s": "one two"}},
	{"stream a large file", stream("s", large, large), map[string]string{"s": large + large}},
	{"stream over a file", stream("a", large), map[string]string{"a": large}},
	{"append", add("a", "+"), map[string]string{"a": "A+"}},
	{"append to a new file", add("new", "+"), map[string]string{"new": "+"}},
	{"append twice", do(add("a", "+"), add("a", "-")), map[string]string{"a": "A+-"}},
	{"append to a large file", do(put("big", large), add("big", "+")), map[string]string{"big": large + "+"}},
	{"remove", rm("a"), map[string]string{"a": "gone"}},
	{"remove a link, not its target", rm("link"), map[string]string{"link": "gone"}},
	{"remove an empty directory", rm("empty"), map[string]string{"empty": "gone"}},
	{"remove a directory after its files", do(rm("d/sub/y"), rm("d/sub"), rm("d/x"), rm("d")),
		map[string]string{"d": "gone", "d/x": "gone", "d/sub": "gone", "d/sub/y": "gone"}},
	{"remove a tree", rmAll("d"), map[string]string{"d": "gone", "d/x": "gone", "d/sub": "gone", "d/sub/y": "gone"}},
	{"remove a tree that is not there", rmAll("none/at/all"), nil},
	{"remove all of a file", rmAll("a"), map[string]string{"a": "gone"}},
	{"remove a tree and make it again", do(rmAll("d"), mkdir("d"), put("d/z", "Z")),
		map[string]string{"d/x": "gone", "d/sub": "gone", "d/sub/y": "gone", "d/z": "Z"}},
	{"a file in place of a tree", do(rmAll("d"), put("d", "file")),
		map[string]string{"d": "file", "d/x": "gone", "d/sub": "gone", "d/sub/y": "gone"}},
	{"a directory in place of a file", do(rm("a"), mkdir("a"), put("a/x", "AX")),
		map[string]string{"a": "/", "a/x": "AX"}},
	{"a file in place of an empty directory", do(rm("empty"), put("empty", "full")), map[string]string{"empty": "full"}},
	{"write and remove", do(put("new", "n"), rm("new")), nil},
	{"remove and write", do(rm("a"), put("a", "A3")), map[string]string{"a": "A3"}},
	{"make a directory with files", do(mkdir("n"), put("n/1", "1"), put("n/2", "2")),
		map[string]string{"n": "/", "n/1": "1", "n/2": "2"}},
	{"make directories", mkdirAll("n/o/p"), map[string]string{"n": "/", "n/o": "/", "n/o/p": "/"}},
	{"make directories that are there", mkdirAll("d/sub"), nil},
	{"rename to a new name", mv("a", "a2"), map[string]string{"a": "gone", "a2": "A"}},
	{"rename over a file", mv("a", "b"), map[string]string{"a": "gone", "b": "A"}},
	{"rename to itself", mv("a", "a"), nil},
	{"rename a link", mv("link", "link2"), map[string]string{"link": "gone", "link2": "-> a"}},
	{"rename what was just written", do(put("new", "n"), mv("new", "newer")), map[string]string{"newer": "n"}},
	{"rename and write anew", do(mv("a", "old"), put("a", "A2")), map[string]string{"a": "A2", "old": "A"}},
	{"rename and append", do(mv("a", "z"), add("z", "+")), map[string]string{"a": "gone", "z": "A+"}},
	{"rename twice", do(mv("a", "x1"), mv("x1", "x2")), map[string]string{"a": "gone", "x2": "A"}},
	{"rename there and back", do(mv("a", "x1"), mv("x1", "a")), nil},
	{"swap", do(mv("a", "tmp"), mv("b", "a"), mv("tmp", "b")), map[string]string{"a": "B", "b": "A"}},
	{"chain", do(mv("b", "c"), mv("a", "b"), put("a", "0")), map[string]string{"a": "0", "b": "A", "c": "B"}},
	{"rename a directory", mv("d", "e"), map[string]string{
		"d": "gone", "d/x": "gone", "d/sub": "gone", "d/sub/y": "gone", "e": "/", "e/x": "X", "e/sub": "/", "e/sub/y": "Y"}},
	{"rename a directory into another", mv("d", "empty/d"), map[string]string{
		"d": "gone", "d/x": "gone", "d/sub": "gone", "d/sub/y": "gone",
		"empty/d": "/", "empty/d/x": "X", "empty/d/sub": "/", "empty/d/sub/y": "Y"}},
	{"swap directories", do(mv("d", "t"), mv("empty", "d"), mv("t", "empty")), map[string]string{
		"d/x": "gone", "d/sub": "gone", "d/sub/y": "gone", "empty/x": "X", "empty/sub": "/", "empty/sub/y": "Y"}},
	{"rename out of a directory and remove it", do(mv("d/sub/y", "y"), rmAll("d")), map[string]string{
		"d": "gone", "d/x": "gone", "d/sub": "gone", "d/sub/y": "gone", "y": "Y"}},
	{"rename a changed directory", do(put("d/x", "X2"), rm("d/sub/y"), mv("d", "e")), map[string]string{
		"d": "gone", "d/x": "gone", "d/sub": "gone", "d/sub/y": "gone", "e": "/", "e/x": "X2", "e/sub": "/"}},
	{"copy", cp("a", "d/a"), map[string]string{"d/a": "A"}},
	{"copy over a file", cp("a", "b"), map[string]string{"b": "A"}},
	{"copy a large file", do(put("big", large), cp("big", "big2"), add("big2", "+")),
		map[string]string{"big": large, "big2": large + "+"}},
	{"link", ln("d/x", "l"), map[string]string{"l": "-> d/x"}},
	{"link in place of a file", do(rm("a"), ln("b", "a")), map[string]string{"a": "-> b"}},
	{"a file in place of a link", do(rm("dirlink"), put("dirlink", "F"), rm("dangling"), put("dangling", "D")),
		map[string]string{"dirlink": "F", "dangling": "D"}},
	{"a tree in place of a link", do(rm("dirlink"), mkdirAll("dirlink/x"), put("dirlink/x/f", "F"), rmAll("dirlink/x"), mkdir("dirlink/y"), mv("dirlink", "dl")),
		map[string]string{"dirlink": "gone", "dl": "/", "dl/y": "/"}},
	{"what a link led to stays when a tree takes its place", do(rm("dirlink"), mkdir("dirlink"), mkdir("dirlink/sub"), put("dirlink/x", "new"), rmAll("dirlink/sub"), rm("dirlink/x")),
		map[string]string{"dirlink": "/"}},
	{"write through a link made before", do(ln("d", "l"), put("l/x", "X3")), map[string]string{"l": "-> d", "d/x": "X3"}},
	{"chmod and write", do(chmod("a", 0o600), put("a", "A4")), map[string]string{"a": "A4"}},
	{"write and chmod", do(put("n", "N"), chmod("n", 0o600), chmod("a", 0o600), add("a", "+")), map[string]string{"n": "N", "a": "A+"}},
	{"make a directory and chmod it", do(mkdir("n"), chmod("n", 0o700), put("n/x", "NX")), map[string]string{"n": "/", "n/x": "NX"}},
	{"rename and chmod", do(mv("a", "z"), chmod("z", 0o600)), map[string]string{"a": "gone", "z": "A"}},
	{"write and read", do(put("a", "A5"), reads("a", "A5"), reads("link", "A5"), reads("b", "B")), map[string]string{"a": "A5"}},
	{"rename and read", do(mv("a", "z"), reads("z", "A")), map[string]string{"a": "gone", "z": "A"}},
	{"nothing", do(), nil},
}

// beginning makes the tree that opCases start from.
func beginning(t testing.TB, root string) {
	t.Helper()
	for name, text := range map[string]string{"a": "A", "b": "B", "d/x": "X", "d/sub/y": "Y"} {
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"link": "a", "dirlink": "d", "dangling": "nowhere"} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOperations(t *testing.T) {
	t.Parallel()
	for _, c := range opCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			beginning(t, root)
			want := content(t, root)
			for name, text := range c.want {
				if want[name] = text; text == "gone" {
					delete(want, name)
				}
			}
			j := open(t, root, manual())
			update(t, j, c.tx)
			if d := testtree.Diff(content(t, root), want); d != "" {
				t.Errorf("after commit:\n%s", d)
			}
			crash := crashed(t, root)
			recovered(t, crash)
			if d := testtree.Diff(content(t, crash), want); d != "" {
				t.Errorf("after a crash:\n%s", d)
			}
			if err := j.Close(); err != nil {
				t.Error(err)
			}
			recovered(t, root)
			if d := testtree.Diff(content(t, root), want); d != "" {
				t.Errorf("after close:\n%s", d)
			}
		})
	}
}

func TestRollbackChangesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range opCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			beginning(t, root)
			before := tree(t, root)
			j := open(t, root, manual())
			stop := errors.New("stop")
			err := j.Update(t.Context(), do(c.tx, func(*journal.Tx) error { return stop }))
			if err != stop {
				t.Fatalf("Update: %v", err)
			}
			if d := testtree.Diff(tree(t, root), before); d != "" {
				t.Errorf("after rollback:\n%s", d)
			}
			if left := staging(t, root); len(left) > 0 {
				t.Errorf("left in staging: %v", left)
			}
		})
	}
}

func TestFilesKeepTheirMode(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	beginning(t, root)
	j := open(t, root, manual())
	if err := os.Chmod(filepath.Join(root, "a"), 0o604); err != nil {
		t.Fatal(err)
	}
	update(t, j, do(put("a", "A2"), stream("b", large), chmod("d/x", 0o400), chmod("d", 0o500),
		func(tx *journal.Tx) error { return tx.WriteFile("new", nil, 0o606) },
		func(tx *journal.Tx) error { return tx.Mkdir("closed", 0o500) },
		put("closed/f", "F"), mv("d/sub/y", "y")))
	want := map[string]fs.FileMode{"a": 0o604, "b": 0o640, "d/x": 0o400, "d": 0o500 | fs.ModeDir, "new": 0o604, "closed": 0o500 | fs.ModeDir, "y": 0o640}
	check := func(root, when string) {
		for name, mode := range want {
			fi, err := os.Lstat(filepath.Join(root, name))
			if err != nil || fi.Mode() != mode {
				t.Errorf("%s: %s: %v, %v; want %v", when, name, fi.Mode(), err, mode)
			}
		}
	}
	check(root, "after commit")
	crash := crashed(t, root)
	recovered(t, crash)
	check(crash, "after a crash")
	for _, r := range []string{root, crash} { // so that they can be removed
		os.Chmod(filepath.Join(r, "d"), 0o700)
		os.Chmod(filepath.Join(r, "closed"), 0o700)
	}
}

func TestExpect(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	beginning(t, root)
	j := open(t, root, nil)
	seen, err := atomic.VersionOf(filepath.Join(root, "a"))
	if err != nil {
		t.Fatal(err)
	}
	expect := func(name string, v atomic.Version) txFunc {
		return func(tx *journal.Tx) error { return tx.Expect(name, v) }
	}
	update(t, j, do(expect("a", seen), expect("none", atomic.Version{}), put("a", "A2")))
	err = j.Update(t.Context(), do(expect("a", seen), put("a", "A3")))
	if !errors.Is(err, journal.ErrConflict) || !strings.Contains(err.Error(), " a: ") {
		t.Errorf("Expect of an old version: %v", err)
	}
	err = j.Update(t.Context(), do(expect("a", atomic.Version{}), put("a", "A3")))
	if !errors.Is(err, journal.ErrConflict) {
		t.Errorf("Expect of no file: %v", err)
	}
	if got := content(t, root)["a"]; got != "A2" {
		t.Errorf("a is %q", got)
	}
}

func TestRenameToItselfChangesNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	beginning(t, root)
	j := open(t, root, manual())
	write(t, j, "probe", "x")
	before, logged := frozen(t, filepath.Join(root, "d")), j.Stats().LogBytes
	for _, name := range []string{"d", "d/x", "link", "dangling", "d/sub"} {
		update(t, j, mv(name, name))
	}
	if d := testtree.Diff(frozen(t, filepath.Join(root, "d")), before); d != "" {
		t.Error(d)
	}
	if got := j.Stats().LogBytes; got != logged {
		t.Errorf("%d bytes were logged", got-logged)
	}
}
