//go:build linux && (amd64 || arm64)

package crashfs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/forewrite/forewrite/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m, nil) }

// mount serves an empty crashfs for the length of the test.
func mount(t testing.TB) *FS {
	t.Helper()
	dir := t.TempDir()
	f, err := Mount(dir)
	if errors.Is(err, ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// record runs setup, makes all of it durable, and returns the trace of program.
func record(t testing.TB, setup, program func(d dir)) Trace {
	t.Helper()
	f := mount(t)
	d := dir{t, f.Dir()}
	if setup != nil {
		setup(d)
	}
	f.Settle()
	program(d)
	return f.Trace()
}

// dir is a directory in which everything must work.
type dir struct {
	t    testing.TB
	path string
}

func (d dir) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d dir) name(n string) string { return filepath.Join(d.path, n) }

func (d dir) open(name string, flag int) *os.File {
	d.t.Helper()
	f, err := os.OpenFile(d.name(name), flag, 0o644)
	d.must(err)
	d.t.Cleanup(func() { f.Close() })
	return f
}

func (d dir) write(name, content string) *os.File {
	d.t.Helper()
	f := d.open(name, os.O_RDWR|os.O_CREATE)
	_, err := f.WriteString(content)
	d.must(err)
	return f
}

func (d dir) rename(a, b string) { d.t.Helper(); d.must(os.Rename(d.name(a), d.name(b))) }
func (d dir) mkdir(n string)     { d.t.Helper(); d.must(os.Mkdir(d.name(n), 0o755)) }

func (d dir) sync(f *os.File) {
	d.t.Helper()
	d.must(f.Sync())
}

func (d dir) syncDir(name string) {
	d.t.Helper()
	f, err := os.Open(d.name(name))
	d.must(err)
	d.must(f.Sync())
	d.must(f.Close())
}

// show writes an image in one line: "a=text b=0*4 d/ d/c". Zeroes and garbage are
// shown as 0 and ? with their length.
func show(im Image) string {
	var out []string
	for _, e := range im[1:] {
		switch c := e.Content; {
		case c.Attr.isDir():
			out = append(out, e.Path+"/")
		case c.Target != "":
			out = append(out, e.Path+"->"+c.Target)
		default:
			out = append(out, e.Path+"="+showBytes(c.Bytes()))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func showBytes(b []byte) string {
	var out strings.Builder
	for i := 0; i < len(b); i += SectorSize {
		s := b[i:min(len(b), i+SectorSize)]
		switch {
		case strings.Trim(string(s), "\x00") == "":
			fmt.Fprintf(&out, "0*%d", len(s))
		case strings.ContainsFunc(string(s), func(r rune) bool { return r >= 127 || r != 0 && r < 32 }):
			fmt.Fprintf(&out, "?*%d", len(s))
		case len(s) == SectorSize:
			out.WriteByte(s[0])
		default:
			out.WriteString(strings.TrimRight(string(s), "\x00"))
		}
	}
	return out.String()
}

// states returns the distinct states of a trace, in order.
func states(e Explorer, keep func(State) bool) []string {
	seen := map[string]bool{}
	for s := range e.States() {
		if keep(s) {
			seen[show(s.Image())] = true
		}
	}
	return sortedKeys(seen)
}

func zeroesOnly(s State) bool { return s.Mode == PowerLoss && s.Fill == Zeroes }
func powerLoss(s State) bool  { return s.Mode == PowerLoss }
func kill(s State) bool       { return s.Mode == Kill }
func atEnd(e Explorer) func(State) bool {
	return func(s State) bool { return s.Mode == PowerLoss && s.Until == len(e.Trace.Ops) }
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got  %s\n want %s", what, strings.Join(got, "\n      "), strings.Join(want, "\n      "))
	}
}

func oldFile(d dir) { d.write("f", "old") }

// TestReplaceWithoutFsync is the program that everybody writes first.
func TestReplaceWithoutFsync(t *testing.T) {
	tr := record(t, oldFile, func(d dir) {
		d.write("tmp", "news")
		d.rename("tmp", "f")
	})
	e := Explorer{Trace: tr}
	expect(t, "kill", states(e, kill), "f=old", "f=old tmp=", "f=old tmp=news", "f=news")
	expect(t, "power", states(e, zeroesOnly), "f=old", "f=old tmp=", "f=old tmp=0*4", "f=old tmp=news", "f=", "f=0*4", "f=news")
	expect(t, "stale", states(e, func(s State) bool { return s.Fill == Stale }),
		"f=old", "f=old tmp=", "f=old tmp=old", "f=old tmp=news", "f=", "f=news")
	expect(t, "garbage", states(e, func(s State) bool { return s.Fill == Garbage }),
		"f=old", "f=old tmp=", "f=old tmp=?*4", "f=old tmp=news", "f=", "f=?*4", "f=news")
}

func TestReplaceWithFsync(t *testing.T) {
	tr := record(t, oldFile, func(d dir) {
		d.sync(d.write("tmp", "news"))
		d.rename("tmp", "f")
	})
	expect(t, "power", states(Explorer{Trace: tr}, powerLoss),
		"f=old", "f=old tmp=", "f=old tmp=0*4", "f=old tmp=?*4", "f=old tmp=old", "f=old tmp=news", "f=news")
	for s := range (Explorer{Trace: tr}).States() {
		if got := show(s.Image()); strings.HasPrefix(got, "f=") && got != "f=news" && !strings.HasPrefix(got, "f=old") {
			t.Errorf("state %s shows %s", s, got)
		}
	}
}

func TestReplaceWithFsyncOfDirectory(t *testing.T) {
	tr := record(t, oldFile, func(d dir) {
		d.sync(d.write("tmp", "news"))
		d.rename("tmp", "f")
		d.syncDir(".")
	})
	e := Explorer{Trace: tr}
	expect(t, "after the last fsync", states(e, atEnd(e)), "f=news")
}

func TestFsyncOfFileDoesNotMakeItsEntryDurable(t *testing.T) {
	tr := record(t, nil, func(d dir) { d.sync(d.write("f", "data")) })
	e := Explorer{Trace: tr}
	expect(t, "power", states(e, atEnd(e)), "", "f=data")
}

func TestFsyncOfDirectoryDoesNotMakeDataDurable(t *testing.T) {
	tr := record(t, nil, func(d dir) {
		d.write("f", "data")
		d.syncDir(".")
	})
	e := Explorer{Trace: tr}
	expect(t, "power", states(e, atEnd(e)), "f=", "f=0*4", "f=?*4", "f=data")
}

func TestFsyncOfDirectoryDoesNotReachItsParent(t *testing.T) {
	tr := record(t, nil, func(d dir) {
		d.mkdir("d")
		d.sync(d.write("d/f", "data"))
		d.syncDir("d")
	})
	e := Explorer{Trace: tr}
	expect(t, "power", states(e, atEnd(e)), "", "d/ d/f=data")
}

func TestSectorsOfAnOverwriteAreIndependent(t *testing.T) {
	sector := func(c string) string { return strings.Repeat(c, SectorSize) }
	tr := record(t, func(d dir) { d.write("f", sector("a")+sector("b")) }, func(d dir) {
		d.write("f", sector("x")+sector("y"))
	})
	expect(t, "power", states(Explorer{Trace: tr}, powerLoss), "f=ab", "f=xb", "f=ay", "f=xy")
}

func TestEveryVersionOfASectorMayBeTheOneOnDisk(t *testing.T) {
	tr := record(t, oldFile, func(d dir) {
		f := d.write("f", "mid")
		_, err := f.WriteAt([]byte("NEW"), 0)
		d.must(err)
	})
	expect(t, "power", states(Explorer{Trace: tr}, powerLoss), "f=old", "f=mid", "f=NEW")
}

func TestTruncateAndGrowShowsNoOldData(t *testing.T) {
	tr := record(t, oldFile, func(d dir) {
		f := d.open("f", os.O_RDWR|os.O_TRUNC)
		_, err := f.WriteAt([]byte("x"), 3)
		d.must(err)
	})
	// Sizes 3, 0 and 4; data old, gone, or written.
	expect(t, "power", states(Explorer{Trace: tr}, zeroesOnly),
		"f=old", "f=0*3", "f=", "f=0*4", "f=\x00\x00\x00x")
}

func TestHalfARenameOnlyWhenWeak(t *testing.T) {
	tr := record(t, oldFile, func(d dir) { d.rename("f", "g") })
	expect(t, "atomic", states(Explorer{Trace: tr}, powerLoss), "f=old", "g=old")
	expect(t, "weak", states(Explorer{Trace: tr, Weak: true}, powerLoss), "", "f=old", "g=old", "f=old g=old")
}

func TestNamesOfAFileKeepTheirOrder(t *testing.T) {
	tr := record(t, oldFile, func(d dir) { d.rename("f", "g"); d.rename("g", "h") })
	expect(t, "power", states(Explorer{Trace: tr}, powerLoss), "f=old", "g=old", "h=old")
}

func TestSwappedDirectoriesNeverHoldEachOther(t *testing.T) {
	tr := record(t, func(d dir) { d.mkdir("a"); d.mkdir("a/b") }, func(d dir) {
		d.rename("a/b", "b")
		d.rename("a", "b/a")
	})
	expect(t, "power", states(Explorer{Trace: tr}, powerLoss), "a/ a/b/", "a/ b/", "b/ b/a/")
}

func TestUnlinkIsLostAlone(t *testing.T) {
	tr := record(t, func(d dir) { d.write("f", "1"); d.write("g", "2") }, func(d dir) {
		d.must(os.Remove(d.name("f")))
		d.must(os.Link(d.name("g"), d.name("h")))
	})
	expect(t, "power", states(Explorer{Trace: tr}, powerLoss), "f=1 g=2", "g=2", "f=1 g=2 h=2", "g=2 h=2")
}

func TestFailedFsyncLeavesDataInDoubtForGood(t *testing.T) {
	f := mount(t)
	d := dir{t, f.Dir()}
	file := d.write("f", "old")
	f.Settle()
	_, err := file.WriteAt([]byte("new"), 0)
	d.must(err)
	f.SetFault(Fault{N: 1, Kinds: []Kind{KindFsync}, Err: syscall.EIO})
	if err := file.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("Sync = %v, want EIO", err)
	}
	d.sync(file) // says nil, as Linux does
	if got, _ := os.ReadFile(d.name("f")); string(got) != "new" {
		t.Errorf("the cache shows %q, want new", got)
	}
	doubt := len(f.Trace().Ops)
	_, err = file.WriteAt([]byte("new"), 0)
	d.must(err)
	d.sync(file)

	tr := f.Trace()
	at := func(n int, m Mode) []string {
		return states(Explorer{Trace: tr.Prefix(n)}, func(s State) bool { return s.Mode == m && s.Until == n })
	}
	expect(t, "power loss after the second fsync", at(doubt, PowerLoss), "f=old", "f=new")
	expect(t, "kill after the second fsync", at(doubt, Kill), "f=old", "f=new")
	expect(t, "power loss after it was written again", at(len(tr.Ops), PowerLoss), "f=new")
}
