//go:build unix

package segment_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/segment"
)

// Anything but a regular file in a real directory is not opened: it could lead
// elsewhere, or block for ever.
func TestOnlyRegularFilesAreOpened(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		plant func(dir, path string) error
	}{
		{"a named pipe for a file", func(_, path string) error {
			return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600))
		}},
		{"a symbolic link for a file", func(dir, path string) error {
			elsewhere := filepath.Join(filepath.Dir(dir), "elsewhere")
			return errors.Join(os.Rename(path, elsewhere), os.Symlink(elsewhere, path))
		}},
		{"a symbolic link for a segment", func(dir, path string) error {
			elsewhere := filepath.Join(filepath.Dir(dir), "elsewhere")
			return errors.Join(os.Rename(filepath.Dir(path), elsewhere), os.Symlink(elsewhere, filepath.Dir(path)))
		}},
		{"a named pipe in the log", func(dir, _ string) error {
			return syscall.Mkfifo(filepath.Join(dir, "new-00000004-0000000000000001"), 0o600)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b, paths := threeSegments(t, 10)
			if err := test.plant(b.Dir, paths[2]); err != nil {
				t.Fatal(err)
			}
			done := make(chan segment.End, 1)
			go func() {
				log, err := segment.Scan(context.Background(), b.Dir, segment.Options{Sync: true}, nil)
				if err != nil {
					t.Error(err)
					log = new(segment.Log)
				}
				done <- log.End
			}()
			select {
			case end := <-done:
				if end.State != segment.Corrupt || !errors.Is(end.Err, segment.ErrStray) {
					t.Errorf("%s: %v", end.State, end.Err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the scan hangs")
			}
		})
	}
}
