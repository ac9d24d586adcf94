package journal_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"sync/atomic"
	"testing"

	"github.com/forewrite/forewrite/journal"
)

// BenchmarkCommit measures durable transactions of n files of 4 KiB.
func BenchmarkCommit(b *testing.B) {
	data := bytes.Repeat([]byte("x"), 4<<10)
	for _, files := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("files=%d", files), func(b *testing.B) {
			j := open(b, b.TempDir(), nil)
			b.ReportAllocs()
			for b.Loop() {
				update(b, j, func(tx *journal.Tx) error {
					for f := range files {
						if err := tx.WriteFile(fmt.Sprintf("f%03d", f), data, 0o644); err != nil {
							return err
						}
					}
					return nil
				})
			}
		})
	}
}

// BenchmarkParallel measures 64 goroutines that each commit a 1 KiB file of their own.
func BenchmarkParallel(b *testing.B) {
	data := bytes.Repeat([]byte("x"), 1<<10)
	for _, modify := range []bool{false, true} {
		b.Run(map[bool]string{false: "write", true: "modify"}[modify], func(b *testing.B) {
			j := open(b, b.TempDir(), nil)
			b.SetParallelism(32)
			b.ReportAllocs()
			var next atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				name := fmt.Sprint("f", next.Add(1))
				write(b, j, name, "0")
				for pb.Next() {
					update(b, j, func(tx *journal.Tx) error {
						if modify {
							if _, err := tx.ReadFile(name); err != nil {
								return err
							}
						}
						return tx.WriteFile(name, data, 0o644)
					})
				}
			})
		})
	}
}

// BenchmarkWritersBesideAView measures 8 goroutines that replace 4 KiB files, with
// and without a view that is open all the time.
func BenchmarkWritersBesideAView(b *testing.B) {
	data := bytes.Repeat([]byte("x"), 4<<10)
	for _, viewed := range []bool{false, true} {
		b.Run(map[bool]string{false: "none", true: "one"}[viewed], func(b *testing.B) {
			j := open(b, b.TempDir(), nil)
			for f := range 256 {
				write(b, j, fmt.Sprint("f", f), "0")
			}
			work := func(fs.FS) error {
				b.SetParallelism(4)
				var next atomic.Int64
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						name := fmt.Sprint("f", next.Add(1)%256)
						update(b, j, func(tx *journal.Tx) error { return tx.WriteFile(name, data, 0o644) })
					}
				})
				return nil
			}
			if !viewed {
				work(nil)
				return
			}
			if err := j.View(b.Context(), work); err != nil {
				b.Fatal(err)
			}
		})
	}
}
