package main

import (
	"bytes"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

var pebbleStore = Competitor{
	Name:  "pebble",
	Kind:  Values,
	About: "cockroachdb/pebble v2, Set or Batch with pebble.Sync",
	Warm:  24 * mib, // six memtables: from then on logs are recycled
	Open: func(dir string) (*Store, error) {
		db, err := pebble.Open(dir, &pebble.Options{Logger: quietPebble{}})
		if err != nil {
			return nil, err
		}
		return pebbleAt(db), nil
	},
}

func pebbleAt(db *pebble.DB) *Store {
	s := &Store{Close: db.Close}
	s.Put = func(name string, data []byte) error {
		return db.Set([]byte(name), data, pebble.Sync)
	}
	s.PutAll = func(files []File) error {
		b := db.NewBatch()
		defer b.Close()
		for _, f := range files {
			if err := b.Set([]byte(f.Name), f.Data, nil); err != nil {
				return err
			}
		}
		return b.Commit(pebble.Sync)
	}
	s.Get = func(name string) ([]byte, error) {
		value, done, err := db.Get([]byte(name))
		if err != nil {
			return nil, err
		}
		defer done.Close()
		return bytes.Clone(value), nil
	}
	// Pebble has no transactions that read: distinct keys need none.
	s.Modify = func(name string, change func([]byte) []byte) error {
		old, err := s.Get(name)
		if err != nil {
			return err
		}
		return s.Put(name, change(old))
	}
	return s
}

// quietPebble keeps what Pebble says about its compactions out of the tables.
type quietPebble struct{}

func (quietPebble) Infof(string, ...any)              {}
func (quietPebble) Errorf(string, ...any)             {}
func (quietPebble) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
