package main

import (
	"context"
	"fmt"
	"slices"
)

// The growth tables show how cost grows with the work. Each compares forewrite
// with the usual way to replace a file durably, unless others are chosen.
var growers = []string{"forewrite", "renameio+dirsync"}

var (
	filesSteps   = []int{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}
	writersSteps = []int{1, 2, 4, 8, 16, 32, 64, 128, 256}
	sizesSteps   = []int{
		1, 64, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 128 << 10,
		256 << 10, 256<<10 + 1, 512 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20,
	}
)

var growFiles = Scenario{
	Name:  "files",
	Title: "Growth: files of 1 KiB in a transaction",
	Table: growthTable,
	Run: func(ctx context.Context, b *Bench) (Results, error) {
		return b.grow(ctx, filesSteps, func(n int) work {
			return transactions("files", fmt.Sprint(n), n, 1<<10)
		})
	},
}

var growSizes = Scenario{
	Name:  "sizes",
	Title: "Growth: bytes in a file",
	Table: growthTable,
	Run: func(ctx context.Context, b *Bench) (Results, error) {
		return b.grow(ctx, sizesSteps, sizeWork)
	},
}

var growWriters = Scenario{
	Name:  "writers",
	Title: "Growth: goroutines, each replacing its own 1 KiB file",
	Table: growthTable,
	Run: func(ctx context.Context, b *Bench) (Results, error) {
		return b.grow(ctx, writersSteps, func(n int) work {
			return writersWork("writers", fmt.Sprint(n), n)
		})
	},
}

func sizeWork(size int) work {
	const files = 4
	data := [2][]byte{payload(size, 1), payload(size, 2)}
	return work{
		scenario: "sizes", row: byteCount(size), files: files, size: size, writers: 1,
		step: func(s *Store) func(int, int) error {
			return func(_, i int) error { return s.Put(fileName(i%files), data[i/files%2]) }
		},
	}
}

// grow runs one contest for each step.
func (b *Bench) grow(ctx context.Context, steps []int, at func(int) work) (Results, error) {
	few := *b
	few.Competitors = slices.DeleteFunc(slices.Clone(b.Competitors), func(c Competitor) bool {
		return !slices.Contains(growers, c.Name)
	})
	var all Results
	for _, n := range steps {
		rs, err := few.contest(ctx, at(n))
		if err != nil {
			return nil, err
		}
		all = append(all, rs...)
	}
	return all, nil
}

func byteCount(n int) string {
	switch {
	case n >= mib && n%mib == 0:
		return fmt.Sprintf("%d MiB", n/mib)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}
