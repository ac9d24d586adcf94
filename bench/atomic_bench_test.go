package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/renameio/v2"

	"github.com/forewrite/forewrite/atomic"
)

// BenchmarkAtomicWriteFile replaces a file of 4 KiB durably: by atomic.WriteFile, and
// by renameio and an fsync of the directory, which is kept open for it. They take
// turns, so that a noisy machine is as noisy for each, and the medians are compared.
func BenchmarkAtomicWriteFile(b *testing.B) {
	data := payload(4<<10, 1)
	dir := b.TempDir()
	d, err := os.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	renameioSync := func(name string, opts ...renameio.Option) error {
		if err := renameio.WriteFile(filepath.Join(dir, name), data, 0o644, opts...); err != nil {
			return err
		}
		return d.Sync()
	}
	ways := []struct {
		metric string
		write  func() error
	}{
		{"atomic-ns", func() error { return atomic.WriteFile(filepath.Join(dir, "a"), data, 0o644, nil) }},
		{"renameio-ns", func() error { return renameioSync("r") }},
		// Told where to put its temporary file, it need not find out.
		{"renameio-told-ns", func() error { return renameioSync("t", renameio.WithTempDir(dir)) }},
	}
	took := make([][]time.Duration, len(ways))
	for i := 0; b.Loop(); i++ {
		for turn := range ways {
			way := (turn + i) % len(ways)
			start := time.Now()
			if err := ways[way].write(); err != nil {
				b.Fatal(err)
			}
			took[way] = append(took[way], time.Since(start))
		}
	}
	for i, way := range ways {
		b.ReportMetric(float64(median(took[i]).Nanoseconds()), way.metric)
	}
	b.ReportMetric(0, "ns/op") // of all together: says nothing
}
