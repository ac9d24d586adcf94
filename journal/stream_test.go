package journal_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/forewrite/forewrite/journal"
)

var streamMiB = flag.Int64("stream", 128, "size in MiB of the file that TestAStreamDoesNotSitInMemory writes")

// zeroes is a reader without end.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAStreamDoesNotSitInMemory(t *testing.T) {
	// Not parallel: it looks at the heap.
	root := t.TempDir()
	j := open(t, root, nil)
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak atomic.Uint64
	done := make(chan struct{})
	sampled := make(chan struct{})
	go func() {
		defer close(sampled)
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapAlloc))
			}
		}
	}()
	size := *streamMiB << 20
	update(t, j, func(tx *journal.Tx) error {
		f, err := tx.Create("large", 0o644)
		if err != nil {
			return err
		}
		if _, err := io.CopyN(f, zeroes{}, size); err != nil {
			return err
		}
		return f.Close()
	})
	close(done)
	<-sampled
	fi, err := os.Stat(filepath.Join(root, "large"))
	if err != nil || fi.Size() != size {
		t.Errorf("large: %v, %v", fi, err)
	}
	grown := int64(peak.Load()) - int64(before.HeapAlloc)
	t.Logf("%d MiB written, the heap was %d KiB at most, %d KiB more than before", *streamMiB, peak.Load()>>10, grown>>10)
	if grown > 32<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}
