package apply_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/journal/record"
	"golang.org/x/sys/unix"
)

// A file that replaces another takes over its attributes; one that is made where another
// was removed does not, even if both happen together.
func TestOnlyAReplacedFileHasASuccessor(t *testing.T) {
	t.Parallel()
	put := record.Intent{Op: record.OpPut, Path: "f", Mode: 0o640, Payload: record.Inline([]byte("new"))}
	for name, tt := range map[string]struct {
		intents []record.Intent
		want    string
	}{
		"replaced":                      {[]record.Intent{put}, "1"},
		"removed and made":              {[]record.Intent{{Op: record.OpRemove, Path: "f"}, put}, ""},
		"removed as a tree, and made":   {[]record.Intent{{Op: record.OpRemoveAll, Path: "f"}, put}, ""},
		"replaced twice":                {[]record.Intent{put, put}, "1"},
		"replaced, and its mode is set": {[]record.Intent{put, {Op: record.OpChmod, Path: "f", Mode: 0o600}}, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			f := filepath.Join(p.dir, "f")
			if err := os.WriteFile(f, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := unix.Setxattr(f, "user.a", []byte("1"), 0); err != nil {
				t.Skipf("needs a file system with user attributes: %v", err)
			}
			p.apply(t, tt.intents...)
			var buf [8]byte
			n, err := unix.Getxattr(f, "user.a", buf[:])
			if errors.Is(err, unix.ENODATA) {
				n, err = 0, nil
			}
			if got := string(buf[:n]); got != tt.want || err != nil {
				t.Errorf("attribute %q, %v, want %q", got, err, tt.want)
			}
			if data, err := os.ReadFile(f); err != nil || string(data) != "new" {
				t.Errorf("%q, %v", data, err)
			}
		})
	}
}
