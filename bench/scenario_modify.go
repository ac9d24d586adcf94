package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
)

// modifyFiles counts up in each file: a lost update would show.
var modifyFiles = Scenario{
	Name:  "modify",
	Title: "64 goroutines, each reading, changing and replacing its own 1 KiB file",
	Table: rateTable,
	Run: func(ctx context.Context, b *Bench) (Results, error) {
		const writers, size = 64, 1 << 10
		return b.contest(ctx, work{
			scenario: "modify", files: writers, size: size, writers: writers,
			step: func(s *Store) func(int, int) error {
				if s.Modify == nil {
					return nil
				}
				return func(writer, i int) error { return countUp(s, fileName(writer), uint64(i)) }
			},
		})
	},
}

// countUp expects the number i in the file, unless i is 0, and writes i+1.
func countUp(s *Store, name string, i uint64) (err error) {
	modifyErr := s.Modify(name, func(old []byte) []byte {
		if have := binary.LittleEndian.Uint64(old); i > 0 && have != i {
			err = fmt.Errorf("%s holds %d after %d was written", name, have, i)
		}
		changed := bytes.Clone(old)
		binary.LittleEndian.PutUint64(changed, i+1)
		return changed
	})
	if modifyErr != nil {
		return modifyErr
	}
	return err
}
