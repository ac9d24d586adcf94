package journal_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/forewrite/forewrite/journal"
)

var streamMiB = flag.Int64("stream", 128, "size in MiB of the file that TestAStreamDoesNotSitInMemory writes")

// zeroes is a reader without end.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// allocated returns how many bytes fn allocates, those it no longer needs included.
func allocated(fn func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// live returns how many bytes of the heap are in use.
func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The tests of memory are not parallel: they look at the heap of the process.

func TestAStreamDoesNotSitInMemory(t *testing.T) {
	root := t.TempDir()
	j := open(t, root, nil)
	size := *streamMiB << 20
	total := allocated(func() {
		update(t, j, func(tx *journal.Tx) error {
			f, err := tx.Create("large", 0o644)
			if err != nil {
				return err
			}
			if _, err := io.CopyN(f, zeroes{}, size); err != nil {
				return err
			}
			return f.Commit()
		})
	})
	fi, err := os.Stat(filepath.Join(root, "large"))
	if err != nil || fi.Size() != size {
		t.Errorf("large: %v, %v", fi, err)
	}
	t.Logf("%d KiB allocated to write %d MiB", total>>10, *streamMiB)
	if total > 8<<20 {
		t.Errorf("%d MiB allocated to write %d MiB", total>>20, *streamMiB)
	}
}

func TestTheHeapStaysSmallUnderSteadyLoad(t *testing.T) {
	j := open(t, t.TempDir(), nil)
	data := bytes.Repeat([]byte("x"), 4<<10)
	const commits, files = 3000, 100 // more than the log holds before it is used anew
	before, most := live(), int64(0)
	for n := range commits {
		update(t, j, func(tx *journal.Tx) error { return tx.WriteFile(fmt.Sprint("f", n%files), data, 0o644) })
		if n%files == 0 {
			most = max(most, live()-before)
		}
	}
	t.Logf("%d commits of 4 KiB, at most %d KiB in use", commits, most>>10)
	if most > 8<<20 {
		t.Errorf("%d MiB in use", most>>20)
	}
}
