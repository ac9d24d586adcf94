package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/journal"
)

var forewriteJournal = Competitor{
	Name:  "forewrite",
	Kind:  Atomic,
	About: "forewrite/journal with default options, Update",
	Warm:  24 * mib, // the log has grown to its size
	Open: func(dir string) (*Store, error) {
		return openForewrite(dir, nil)
	},
	Hoard: hoardForewrite,
}

func openForewrite(dir string, opts *journal.Options) (*Store, error) {
	j, err := journal.Open(context.Background(), dir, opts)
	if err != nil {
		return nil, err
	}
	return forewriteAt(j, dir), nil
}

func forewriteAt(j *journal.Journal, dir string) *Store {
	ctx := context.Background()
	return &Store{
		Put: func(name string, data []byte) error {
			return j.Update(ctx, func(tx *journal.Tx) error {
				return tx.WriteFile(name, data, 0o644)
			})
		},
		PutAll: func(files []File) error {
			return j.Update(ctx, func(tx *journal.Tx) error {
				for _, f := range files {
					if err := tx.WriteFile(f.Name, f.Data, 0o644); err != nil {
						return err
					}
				}
				return nil
			})
		},
		Modify: func(name string, change func([]byte) []byte) error {
			return j.Update(ctx, func(tx *journal.Tx) error {
				old, err := tx.ReadFile(name)
				if err != nil {
					return err
				}
				return tx.WriteFile(name, change(old), 0o644)
			})
		},
		Get:    func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) },
		Close:  j.Close,
		Redone: func() int { return j.Recovered().Replayed },
	}
}

// hoardForewrite has no checkpoints but those of a full log, and makes the log so
// large, before the load begins, that the load doesn't fill it.
func hoardForewrite(dir string) (*Store, error) {
	ctx := context.Background()
	j, err := journal.Open(ctx, dir, &journal.Options{SegmentSize: 8 * mib, CheckpointIdle: -1})
	if err != nil {
		return nil, err
	}
	s := forewriteAt(j, dir)
	const size = 128 << 10
	for i := range 15 * mib / size { // parts of 1/4, 1, 4 and 8 MiB, and a little of the next
		if err := s.Put("filler", payload(size, i)); err != nil {
			return nil, errors.Join(err, j.Close())
		}
	}
	return s, j.Checkpoint(ctx)
}
