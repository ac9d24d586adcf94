package main

import (
	"os"
	"path/filepath"
)

var plainByHand = Competitor{
	Name:  "temp+fsync+rename+dirsync",
	Kind:  Files,
	About: "temp file, fsync, rename, fsync the directory",
	Open: func(dir string) (*Store, error) {
		return withDir(dir, func(d *os.File) *Store {
			return fileStore(dir, func(path string, data []byte) error {
				if err := putPlain(path, data); err != nil {
					return err
				}
				return d.Sync()
			})
		})
	},
}

func putPlain(path string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Sync()
	}
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
