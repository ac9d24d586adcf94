package journal_test

import (
	"bytes"
	"fmt"
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
