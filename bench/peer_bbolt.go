package main

import (
	"bytes"
	"path/filepath"

	"go.etcd.io/bbolt"
)

var bboltStore = Competitor{
	Name:  "bbolt",
	Kind:  Values,
	About: "go.etcd.io/bbolt, Update",
	Warm:  8 * mib,
	Open: func(dir string) (*Store, error) {
		return openBbolt(dir, (*bbolt.DB).Update)
	},
}

var bboltBatch = Competitor{
	Name:  "bbolt-batch",
	Kind:  Values,
	About: "go.etcd.io/bbolt, Batch: waits up to 10 ms for others to join",
	Warm:  8 * mib,
	Crowd: true,
	Open: func(dir string) (*Store, error) {
		return openBbolt(dir, (*bbolt.DB).Batch)
	},
}

var bucket = []byte("files")

func openBbolt(dir string, update func(*bbolt.DB, func(*bbolt.Tx) error) error) (*Store, error) {
	db, err := bbolt.Open(filepath.Join(dir, "bbolt.db"), 0o600, nil)
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	})
	if err != nil {
		return nil, err
	}
	s := &Store{Close: db.Close}
	s.Put = func(name string, data []byte) error { return s.PutAll([]File{{name, data}}) }
	s.PutAll = func(files []File) error {
		return update(db, func(tx *bbolt.Tx) error {
			for _, f := range files {
				if err := tx.Bucket(bucket).Put([]byte(f.Name), f.Data); err != nil {
					return err
				}
			}
			return nil
		})
	}
	s.Get = func(name string) (value []byte, err error) {
		err = db.View(func(tx *bbolt.Tx) error {
			value = bytes.Clone(tx.Bucket(bucket).Get([]byte(name)))
			return nil
		})
		return value, err
	}
	s.Modify = func(name string, change func([]byte) []byte) error {
		return update(db, func(tx *bbolt.Tx) error {
			b := tx.Bucket(bucket)
			return b.Put([]byte(name), change(b.Get([]byte(name))))
		})
	}
	return s, nil
}
