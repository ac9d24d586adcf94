package main

import "context"

// oneFile replaces one file of a hundred at a time.
var oneFile = Scenario{
	Name:  "one",
	Title: "One 4 KiB file replaced, durable and visible",
	Table: latencyTable,
	Run: func(ctx context.Context, b *Bench) (Results, error) {
		const files, size = 100, 4 << 10
		return b.contest(ctx, work{
			scenario: "one", files: files, size: size, writers: 1,
			step: func(s *Store) func(int, int) error {
				return func(_, i int) error { return s.Put(fileName(i%files), payload(size, i)) }
			},
		})
	},
}
