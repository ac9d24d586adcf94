package main

import (
	"database/sql"
	"errors"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver called sqlite
)

var sqliteStore = Competitor{
	Name:  "sqlite",
	Kind:  Values,
	About: "modernc.org/sqlite, WAL, synchronous=FULL",
	Warm:  16 * mib, // the WAL starts over after every 1000 pages
	Open: func(dir string) (*Store, error) {
		db, err := openSQLite(filepath.Join(dir, "sqlite.db"))
		if err != nil {
			return nil, err
		}
		return sqliteAt(db)
	},
}

const (
	sqliteSchema = `CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID`
	sqlitePut    = `INSERT INTO files (name, data) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET data = excluded.data`
	sqliteGet    = `SELECT data FROM files WHERE name = ?`
)

func openSQLite(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+path+
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	// SQLite has one writer at a time. Queueing for the connection is faster
	// than polling for its file lock.
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(sqliteSchema); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func sqliteAt(db *sql.DB) (*Store, error) {
	put, err := db.Prepare(sqlitePut)
	if err != nil {
		return nil, err
	}
	get, err := db.Prepare(sqliteGet)
	if err != nil {
		return nil, err
	}
	inTx := func(do func(tx *sql.Tx) error) error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := do(tx); err != nil {
			return err
		}
		return tx.Commit()
	}
	return &Store{
		Put: func(name string, data []byte) error {
			_, err := put.Exec(name, data)
			return err
		},
		PutAll: func(files []File) error {
			return inTx(func(tx *sql.Tx) error {
				stmt := tx.Stmt(put)
				for _, f := range files {
					if _, err := stmt.Exec(f.Name, f.Data); err != nil {
						return err
					}
				}
				return nil
			})
		},
		Modify: func(name string, change func([]byte) []byte) error {
			return inTx(func(tx *sql.Tx) error {
				var old []byte
				if err := tx.Stmt(get).QueryRow(name).Scan(&old); err != nil {
					return err
				}
				_, err := tx.Stmt(put).Exec(name, change(old))
				return err
			})
		},
		Get: func(name string) (data []byte, err error) {
			err = get.QueryRow(name).Scan(&data)
			return data, err
		},
		Close: func() error { return errors.Join(put.Close(), get.Close(), db.Close()) },
	}, nil
}
