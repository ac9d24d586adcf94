package atomic_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/forewrite/forewrite/atomic"
)

// The target for an uncontended lock is 20 µs.
func BenchmarkLockUnlock(b *testing.B) {
	path := filepath.Join(b.TempDir(), "lock")
	b.ReportAllocs()
	for b.Loop() {
		l, err := atomic.Lock(context.Background(), path, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Unlock(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdateJSON(b *testing.B) {
	name := filepath.Join(b.TempDir(), "f.json")
	b.ReportAllocs()
	for b.Loop() {
		err := atomic.UpdateJSON(context.Background(), name, func(c *counter, _ bool) error { c.N++; return nil }, &atomic.Options{NoSync: true})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteFile(b *testing.B) {
	data := make([]byte, 4096)
	name := filepath.Join(b.TempDir(), "f")
	b.ReportAllocs()
	for b.Loop() {
		if err := atomic.WriteFile(name, data, 0o644, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNoSync replaces a file of 4 KiB with NoSync and by the least that any
// program must do, in turn, so that load on the machine affects both, and compares
// the medians. The target is less than 1.3 times the least.
func BenchmarkNoSync(b *testing.B) {
	data := make([]byte, 4096)
	dir := b.TempDir()
	ways := [2]func() error{
		func() error {
			return atomic.WriteFile(filepath.Join(dir, "f"), data, 0o644, &atomic.Options{NoSync: true})
		},
		func() error { return cheapest(filepath.Join(dir, "g"), data) },
	}
	var took [2][]time.Duration
	for i := 0; b.Loop(); i++ {
		for turn := range ways {
			way := (turn + i) % 2
			start := time.Now()
			if err := ways[way](); err != nil {
				b.Fatal(err)
			}
			took[way] = append(took[way], time.Since(start))
		}
	}
	nosync, least := median(took[0]), median(took[1])
	b.ReportMetric(nosync, "nosync-ns")
	b.ReportMetric(least, "least-ns")
	b.ReportMetric(nosync/least, "times-the-least")
	b.ReportMetric(0, "ns/op") // the sum of both means nothing
}

func median(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2].Nanoseconds())
}

func cheapest(name string, data []byte) error {
	f, err := os.OpenFile(name+".tmp", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(name+".tmp", name)
}

// BenchmarkWriteGiB reports all the memory that was allocated on the way, which is
// to stay below 1 MiB.
func BenchmarkWriteGiB(b *testing.B) {
	name := filepath.Join(b.TempDir(), "f")
	b.SetBytes(1 << 30)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		if err := atomic.Write(name, countdown(1<<30), 0o644, &atomic.Options{NoSync: true}); err != nil {
			b.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N), "allocated-B/op")
}
