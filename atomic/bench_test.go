package atomic_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/forewrite/forewrite/atomic"
)

// The target for an uncontended lock is 20 µs.
func BenchmarkLockUnlock(b *testing.B) {
	path := filepath.Join(b.TempDir(), "lock")
	b.ReportAllocs()
	for b.Loop() {
		l, err := atomic.Lock(context.Background(), path)
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
		err := atomic.UpdateJSON(context.Background(), name, func(c *counter, _ bool) error { c.N++; return nil }, atomic.NoSync())
		if err != nil {
			b.Fatal(err)
		}
	}
}

// Compare with its two siblings: cheapest is the least that any program must do.
func BenchmarkWriteFile(b *testing.B) {
	data := make([]byte, 4096)
	name := filepath.Join(b.TempDir(), "f")
	run := func(what string, write func() error) {
		b.Run(what, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := write(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("durable", func() error { return atomic.WriteFile(name, data, 0o644) })
	run("nosync", func() error { return atomic.WriteFile(name, data, 0o644, atomic.NoSync()) })
	run("cheapest", func() error {
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
	})
}

// BenchmarkWriteGiB reports all the memory that was allocated on the way, which is
// to stay below 1 MiB.
func BenchmarkWriteGiB(b *testing.B) {
	name := filepath.Join(b.TempDir(), "f")
	b.SetBytes(1 << 30)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		if err := atomic.Write(name, countdown(1<<30), 0o644, atomic.NoSync()); err != nil {
			b.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N), "allocated-B/op")
}
