package main

import (
	"errors"

	"github.com/dgraph-io/badger/v4"
)

var badgerStore = Competitor{
	Name:  "badger",
	Kind:  Values,
	About: "dgraph-io/badger v4, Update with SyncWrites",
	Warm:  24 * mib,
	Open: func(dir string) (*Store, error) {
		db, err := badger.Open(badger.DefaultOptions(dir).WithSyncWrites(true).WithLogger(nil))
		if err != nil {
			return nil, err
		}
		return badgerAt(db), nil
	},
}

func badgerAt(db *badger.DB) *Store {
	s := &Store{Close: db.Close}
	s.Put = func(name string, data []byte) error { return s.PutAll([]File{{name, data}}) }
	s.PutAll = func(files []File) error {
		return db.Update(func(tx *badger.Txn) error {
			for _, f := range files {
				if err := tx.Set([]byte(f.Name), f.Data); err != nil {
					return err
				}
			}
			return nil
		})
	}
	s.Get = func(name string) (value []byte, err error) {
		err = db.View(func(tx *badger.Txn) error {
			value, err = badgerGet(tx, name)
			return err
		})
		return value, err
	}
	s.Modify = func(name string, change func([]byte) []byte) error {
		for {
			err := db.Update(func(tx *badger.Txn) error {
				old, err := badgerGet(tx, name)
				if err != nil {
					return err
				}
				return tx.Set([]byte(name), change(old))
			})
			if !errors.Is(err, badger.ErrConflict) {
				return err
			}
		}
	}
	return s
}

func badgerGet(tx *badger.Txn, name string) ([]byte, error) {
	item, err := tx.Get([]byte(name))
	if err != nil {
		return nil, err
	}
	return item.ValueCopy(nil)
}
