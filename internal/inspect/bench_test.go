//go:build unix

package inspect

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

var benchMiB = flag.Int("check-mib", 64, "size of the log that BenchmarkCheck reads, in MiB")

// BenchmarkCheck checks a log of full segments on one core. The peak is that of the
// heap in use: it must not grow with the log. The speed is given twice, by the
// clock and by the processor's time, which other programs do not blur.
//
//	go test ./internal/inspect -run ^$ -bench Check -benchtime 2x -cpu 1 -check-mib 1024
func BenchmarkCheck(b *testing.B) {
	j := largeLog(b, *benchMiB)
	total := j.LogSize()
	b.SetBytes(total)
	b.ResetTimer()
	peak, before := uint64(0), cpuTime(b)
	for range b.N {
		peak = max(peak, heapPeak(func() {
			c, err := j.Check(b.Context(), false)
			if err != nil || c.Health != Healthy || c.Bytes < total*9/10 {
				b.Fatalf("%+v, %v", c, err)
			}
		}))
	}
	used := cpuTime(b) - before
	b.ReportMetric(float64(total)*float64(b.N)/1e6/used.Seconds(), "MB/cpu-s")
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
}

// cpuTime is what this process has used so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// heapPeak returns the largest heap seen while fn runs.
func heapPeak(fn func()) uint64 {
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-done:
				peak <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	fn()
	close(done)
	return <-peak
}

// largeLog writes segments of 4 MiB, full of transactions of 4 KiB, with a checkpoint
// at the end of each, as a busy journal has them.
func largeLog(b *testing.B, mib int) *Journal {
	b.Helper()
	j := &Journal{Root: b.TempDir()}
	j.Dir = filepath.Join(j.Root, layout.DefaultDir)
	random := rand.New(rand.NewPCG(1, 2))
	content := make([]byte, 4096)
	for i := range content {
		content[i] = byte(random.Uint32())
	}
	var lsn record.LSN
	var prev uint64
	tx := record.TxID(0)
	seal := func(salt uint64, payload []byte) []byte {
		g := append(make([]byte, record.HeaderSize), payload...)
		lsn++
		prev = record.Seal(g, salt, lsn, prev)
		return g
	}
	for number := range uint64(mib / 4) {
		name := segment.Name{Number: number + 1, Salt: number * 7}
		var data []byte
		for len(data) < 4<<20-5000 {
			tx++
			i := record.Intent{Tx: tx, Op: record.OpPut, Mode: 0o644, Path: fmt.Sprintf("data/%d", tx%1000), Payload: record.Inline(content)}
			payload := record.AppendIntent(nil, &i)
			payload = record.AppendCommit(payload, record.Commit{Tx: tx, Time: time.Unix(int64(tx), 0), Intents: 1}, bytes.Clone(payload))
			data = segment.AppendEntry(data, seal(name.Salt, payload))
		}
		mark := record.AppendClose(nil, record.Mark{CheckpointLSN: lsn, LastTx: tx, Time: time.Unix(int64(tx), 0)})
		data = segment.AppendEntry(data, seal(name.Salt, mark))
		dir := filepath.Join(j.log(), name.String())
		if err := os.MkdirAll(dir, 0o700); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, segment.FileName), data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	if err := os.WriteFile(j.path(layout.FormatFile), []byte(layout.Format{Version: record.Version, ID: 1}.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return j
}
