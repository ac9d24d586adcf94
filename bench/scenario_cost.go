package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"
)

// cost is what the process pays: memory, in a process of each competitor's own.
var cost = Scenario{
	Name:  "cost",
	Title: "Heap in use at steady load of 64 writers, and allocations of a one-file commit (4 KiB)",
	Table: costTable,
	Run: func(ctx context.Context, b *Bench) (all Results, err error) {
		for _, c := range b.Competitors {
			if c.Kind == Floor {
				continue
			}
			var rounds Results
			for round := range b.Rounds {
				b.progress("cost: %s: round %d of %d", c.Name, round+1, b.Rounds)
				r, err := b.costOf(ctx, c)
				if err != nil {
					return nil, fmt.Errorf("cost: %s: %w", c.Name, err)
				}
				rounds = append(rounds, r)
			}
			all = append(all, middle(rounds))
		}
		return all, nil
	},
}

func (b *Bench) costOf(ctx context.Context, c Competitor) (r Result, err error) {
	dir := b.fresh(c.Name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cmd, err := child(ctx, "cost", c, dir, int(4*b.Slice))
	if err != nil {
		return r, err
	}
	out, err := cmd.Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}

// middle takes the medians of allocations and the largest heap.
func middle(rounds Results) Result {
	r := rounds[0]
	var allocs, bytes []float64
	for _, round := range rounds {
		allocs, bytes = append(allocs, round.Allocs), append(bytes, round.Bytes)
		r.Heap = max(r.Heap, round.Heap)
		r.Rounds = append(r.Rounds, Round{Commits: costCommits, Allocs: round.Allocs, Bytes: round.Bytes, Heap: round.Heap})
	}
	r.Allocs, r.Bytes = median(allocs), median(bytes)
	return r
}

// costTask prints what it found; the steady load lasts that many nanoseconds.
func costTask(ctx context.Context, c Competitor, dir string, nanoseconds int) (err error) {
	const files, size, writers = 1000, 4 << 10, 64
	runtime.GC()
	before := heapInUse()
	s, err := c.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := warmUp(ctx, s, c.Warm, files, size); err != nil {
		return err
	}
	r := Result{Scenario: "cost", Competitor: c.Name, Kind: c.Kind}
	if r.Allocs, r.Bytes, err = countAllocs(ctx, s, files, size); err != nil {
		return err
	}
	peak := watchHeap()
	_, err = run(ctx, time.Duration(nanoseconds), writers, make([]int, writers), func(writer, i int) error {
		return s.Put(fileName((i*writers+writer)%files), payload(size, i))
	})
	if most := peak(); most > before {
		r.Heap = most - before
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

const costCommits = 1000 // of which the allocations are counted

// countAllocs returns the allocations and allocated bytes of one commit of one
// file, those of background work included.
func countAllocs(ctx context.Context, s *Store, files, size int) (allocs, bytes float64, err error) {
	names := make([]string, files)
	for i := range names {
		names[i] = fileName(i)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range costCommits {
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
		if err := s.Put(names[i%files], payload(size, i)); err != nil {
			return 0, 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / costCommits, float64(after.TotalAlloc-before.TotalAlloc) / costCommits, nil
}

// heapInUse is the memory of spans that hold objects, garbage included.
func heapInUse() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() + s[1].Value.Uint64()
}

// watchHeap looks at the heap a hundred times a second until peak is called, which
// returns the largest size seen.
func watchHeap() (peak func() uint64) {
	var seen []uint64
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			seen = append(seen, heapInUse())
			select {
			case <-tick.C:
			case <-quit:
				tick.Stop()
				return
			}
		}
	}()
	return func() uint64 {
		close(quit)
		<-done
		return slices.Max(seen)
	}
}
