package inspect

import (
	"os"
	"path/filepath"
	"testing"
)

// A salvaged file gets no permissions besides reading, writing and executing.
func TestSalvageDropsSetIDBits(t *testing.T) {
	t.Parallel()
	j := build(t, "open\ntx 1 put a one ; chmod a 6755\ntx 2 mkdir d ; chmod d 2500 ; put d/b two", nil)
	out := filepath.Join(t.TempDir(), "out")
	all, _, err := j.Salvage(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.Result != SalvageWritten {
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
