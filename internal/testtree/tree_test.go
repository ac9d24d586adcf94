//go:build unix

package testtree_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/testtree"
)

func sample() testtree.Tree {
	return testtree.Tree{
		"a":        {Mode: 0o640, Data: "A"},
		"b":        {Mode: 0o640, Data: "A", SameAs: "a"},
		"closed":   {Mode: fs.ModeDir | 0o500},
		"closed/x": {Mode: 0o400, Data: "X"},
		"link":     {Mode: fs.ModeSymlink, Data: "nowhere"},
	}
}

// build makes the sample, in a directory that can be removed again.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "closed"), 0o700) })
	if err := sample().Build(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWhatIsBuiltIsRead(t *testing.T) {
	t.Parallel()
	if d := testtree.Diff(testtree.Of(t, build(t)), sample()); d != "" {
		t.Error(d)
	}
}

func TestWhatIsSkippedIsNotRead(t *testing.T) {
	t.Parallel()
	dir := build(t)
	want := sample()
	delete(want, "closed")
	delete(want, "closed/x")
	delete(want, "link")
	if d := testtree.Diff(testtree.Of(t, dir, "closed", "link"), want); d != "" {
		t.Error(d)
	}
	b := want["b"]
	b.SameAs = "" // an fs.FS does not say so
	want["b"] = b
	got, err := testtree.ReadFS(os.DirFS(dir), "closed", "link")
	if d := testtree.Diff(got, want); err != nil || d != "" {
		t.Error(err, d)
	}
}

func TestContentsAreWhatATableStates(t *testing.T) {
	t.Parallel()
	want := map[string]string{"a": "A", "b": "A", "closed": "/", "closed/x": "X", "link": "-> nowhere"}
	if d := testtree.Diff(sample().Contents(), want); d != "" {
		t.Error(d)
	}
}

func TestACopyIsEqualAndAsOld(t *testing.T) {
	t.Parallel()
	src, dst := build(t), t.TempDir()
	t.Cleanup(func() { os.Chmod(filepath.Join(dst, "closed"), 0o700) })
	old := time.Unix(1_700_000_000, 123_000_000)
	if err := os.Chtimes(filepath.Join(src, "a"), old, old); err != nil {
		t.Fatal(err)
	}
	if err := testtree.Copy(dst, src); err != nil {
		t.Fatal(err)
	}
	if d := testtree.Diff(testtree.Of(t, dst), sample()); d != "" {
		t.Error(d)
	}
	if fi, err := os.Lstat(filepath.Join(dst, "b")); err != nil || !fi.ModTime().Equal(old) {
		t.Errorf("%v, %v", fi.ModTime(), err)
	}
}

func TestEveryDifferenceIsNamed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100)
	for _, c := range []struct {
		name   string
		change func(testtree.Tree)
		want   string
	}{
		{"nothing", func(t testtree.Tree) {}, ""},
		{"gone", func(t testtree.Tree) { delete(t, "a") }, `a is missing, want -rw-r----- "A"`},
		{"new", func(t testtree.Tree) { t["c"] = testtree.Node{Mode: 0o600} }, `c is -rw------- "", want nothing`},
		{"content", func(t testtree.Tree) { t["a"] = testtree.Node{Mode: 0o640, Data: "B"} }, `a is -rw-r----- "B", want -rw-r----- "A"`},
		{"mode", func(t testtree.Tree) { t["a"] = testtree.Node{Mode: 0o600, Data: "A"} }, `a is -rw------- "A", want -rw-r----- "A"`},
		{"target", func(t testtree.Tree) { t["link"] = testtree.Node{Mode: fs.ModeSymlink, Data: "a"} }, `link is -> a, want -> nowhere`},
		{"hard link", func(t testtree.Tree) { t["b"] = testtree.Node{Mode: 0o640, Data: "A"} },
			`b is -rw-r----- "A", want -rw-r----- "A", the same file as a`},
	} {
		got := sample()
		c.change(got)
		if d := strings.TrimSuffix(testtree.Diff(got, sample()), "\n"); d != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, d, c.want)
		}
		if same := got.Hash() == sample().Hash(); same != (c.want == "") {
			t.Errorf("%s: the hashes are equal: %v", c.name, same)
		}
	}
	d := testtree.Diff(map[string]string{"f": long + "1"}, map[string]string{"f": long + "2"})
	if !strings.Contains(d, `different from byte 100 on: "1" and "2"`) {
		t.Error(d)
	}
}

func TestATouchedFileIsNotFrozen(t *testing.T) {
	t.Parallel()
	dir := build(t)
	freeze := func() map[string]string {
		all, err := testtree.Freeze(dir)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := freeze()
	if d := testtree.Diff(freeze(), before); d != "" {
		t.Error(d)
	}
	at := time.Unix(1_700_000_000, 0)
	if err := os.Chtimes(filepath.Join(dir, "a"), at, at); err != nil {
		t.Fatal(err)
	}
	if d := testtree.Diff(freeze(), before); !strings.Contains(d, "a is") || strings.Contains(d, "closed") {
		t.Error(d)
	}
}
