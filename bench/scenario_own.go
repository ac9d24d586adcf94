package main

import "context"

// ownFiles lets goroutines write without a need to wait for each other.
var ownFiles = Scenario{
	Name:  "own",
	Title: "64 goroutines, each replacing its own 1 KiB file",
	Table: rateTable,
	Run: func(ctx context.Context, b *Bench) (Results, error) {
		return b.contest(ctx, writersWork("own", "", 64))
	},
}

// writersWork is the work of so many writers with a file each.
func writersWork(scenario, row string, writers int) work {
	const size = 1 << 10
	return work{
		scenario: scenario, row: row, files: writers, size: size, writers: writers,
		step: func(s *Store) func(int, int) error {
			return func(writer, i int) error { return s.Put(fileName(writer), payload(size, i)) }
		},
	}
}
