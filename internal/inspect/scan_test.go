package inspect

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/internal/segment"
)

// Beside an owner, a torn end is looked at again: the group may have been half
// written.
func TestScanLooksAgainBesideAnOwner(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		owner string
		want  segment.State
	}{
		{"owner self", segment.Clean},
		{"owner 17 elsewhere", segment.Clean}, // it may run
		{"owner gone", segment.Torn},
		{"", segment.Torn},
	} {
		t.Run(tt.owner, func(t *testing.T) {
			t.Parallel()
			j := change(t, "open\ntx 1 put a one\ntorn 40\n"+tt.owner)
			progress, visits := 0, 0
			j.Progress = func(int64) {
				if progress++; progress == 2 { // the first scan has read the torn group
					finishWrite(t, j)
				}
			}
			log, err := j.Scan(t.Context(), func(*segment.Group) error { visits++; return nil })
			if err != nil || log.End.State != tt.want || visits != 2 {
				t.Errorf("%v, %v after %d groups; want %v after 2", log.End.State, err, visits, tt.want)
			}
		})
	}
}

// finishWrite makes the torn group of a log zeroes again.
func finishWrite(t *testing.T, j *Journal) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(j.log(), "00000001-0101010101010101", segment.FileName), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt(make([]byte, 40), 143); err != nil {
		t.Fatal(err)
	}
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
