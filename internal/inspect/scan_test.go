package inspect

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/inspect/inspecttest"
	"github.com/forewrite/forewrite/internal/segment"
)

// Beside an owner, an end that is not clean is looked at again: the group may have
// been half written.
func TestScanLooksAgainBesideAnOwner(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		owner string
		want  segment.State
	}{{"owner self", segment.Clean}, {"owner 17 elsewhere", segment.Clean}, {"owner gone", segment.Torn}, {"", segment.Torn}} {
		root := t.TempDir()
		if err := inspecttest.Build(root, "open\ntx 1 put a one\ntorn 40\n"+tt.owner); err != nil {
			t.Fatal(err)
		}
		j, err := Find(root, "")
		if err != nil {
			t.Fatal(err)
		}
		written := make(chan error)
		go func() {
			time.Sleep(pause + pause/2) // the owner finishes its write; or so it looks
			written <- finish(j)
		}()
		visits := 0
		log, err := j.Scan(t.Context(), func(*segment.Group) error { visits++; return nil })
		if err != nil || log.End.State != tt.want || visits != 2 {
			t.Errorf("%q: %v, %v after %d groups; want %v after 2", tt.owner, log.End.State, err, visits, tt.want)
		}
		if err := <-written; err != nil {
			t.Fatal(err)
		}
	}
}

// finish puts zeroes over what is torn.
func finish(j *Journal) error {
	file, err := os.OpenFile(filepath.Join(j.log(), "00000001-0101010101010101", segment.FileName), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteAt(make([]byte, 40), 143)
	return err
}

// What is in a file beside an owner is looked up in the log as it is by then.
func TestTargetsBesideAnOwner(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]State{
		"tx 1 put a one\ntx 2 put a two":                 AsWritten,
		"tx 1 put a two\ntx 2 put a three":               Earlier,
		"tx 1 put a one":                                 Other,
		"tx 1 put b one":                                 AsWritten, // nothing to compare with
		"tx 1 put a one\ntx 2 put a two\ntx 3 remove a ": Earlier,
	} {
		j := build(t, "open\n"+script, map[string]string{"a": "two"})
		tree, err := j.OpenTree()
		if err != nil {
			t.Fatal(err)
		}
		got, redo, err := j.matchLive(t.Context(), tree, "a")
		if err != nil || got.State != want || !redo && got.By != 0 {
			t.Errorf("%q: %+v, redo %t, %v; want %s", script, got, redo, err, want)
		}
		if err := tree.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A salvaged file never gets more rights than reading, writing and executing.
func TestSalvageDropsSetIDBits(t *testing.T) {
	t.Parallel()
	j := build(t, "open\ntx 1 put a one ; chmod a 6755\ntx 2 mkdir d ; chmod d 2500 ; put d/b two", nil)
	out := filepath.Join(t.TempDir(), "out")
	all, _, err := j.Salvage(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.Result != "written" {
			t.Errorf("%+v", r)
		}
	}
	for name, want := range map[string]os.FileMode{"a": 0o755, "d": os.ModeDir | 0o500, "d/b": 0o644} {
		fi, err := os.Stat(filepath.Join(out, name))
		if err != nil || fi.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", name, fi, err, want)
		}
	}
	if err := os.Chmod(filepath.Join(out, "d"), 0o700); err != nil { // so that it can be removed
		t.Error(err)
	}
}
