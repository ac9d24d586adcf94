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
	"time"

	"github.com/forewrite/forewrite/journal"
)

var streamMiB = flag.Int64("stream", 128, "size in MiB of the file that TestAStreamDoesNotSitInMemory writes")

// zeroes is a reader without end.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// heapPeak runs fn and returns by how many bytes the heap had grown at most.
func heapPeak(fn func()) int64 {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	peak := before.HeapAlloc
	done, sampled := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(sampled)
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
		}
	}()
	fn()
	close(done)
	<-sampled
	return int64(peak - before.HeapAlloc)
}

// The tests of memory are not parallel: they look at the heap of the process.

func TestAStreamDoesNotSitInMemory(t *testing.T) {
	root := t.TempDir()
	j := open(t, root, nil)
	size := *streamMiB << 20
	grown := heapPeak(func() {
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
	t.Logf("%d MiB written, the heap grew by %d KiB at most", *streamMiB, grown>>10)
	if grown > 32<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

func TestTheHeapStaysSmallUnderSteadyLoad(t *testing.T) {
	j := open(t, t.TempDir(), nil)
	data := bytes.Repeat([]byte("x"), 4<<10)
	const commits = 3000 // more than the log holds before it is used anew
	grown := heapPeak(func() {
		for n := range commits {
			update(t, j, func(tx *journal.Tx) error { return tx.WriteFile(fmt.Sprint("f", n%100), data, 0o644) })
		}
	})
	t.Logf("%d commits of 4 KiB, the heap grew by %d KiB at most", commits, grown>>10)
	if grown > 24<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}
