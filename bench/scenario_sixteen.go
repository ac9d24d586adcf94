package main

import "context"

// sixteenFiles replaces sixteen files of 160 at a time.
var sixteenFiles = Scenario{
	Name:  "sixteen",
	Title: "16 files of 4 KiB replaced together (one transaction where there is such a thing)",
	Table: latencyTable,
	Run: func(ctx context.Context, b *Bench) (Results, error) {
		return b.contest(ctx, transactions("sixteen", "", 16, 4<<10))
	},
}

// transactions is the work of one writer that replaces n files at a time.
func transactions(scenario, row string, n, size int) work {
	const sets = 10
	return work{
		scenario: scenario, row: row, files: n * sets, size: size, writers: 1,
		step: func(s *Store) func(int, int) error {
			return func(_, i int) error { return s.PutAll(fileSet(i%sets*n, n, size, i)) }
		},
	}
}
