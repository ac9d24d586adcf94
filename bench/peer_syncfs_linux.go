package main

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// syncfsByHand is what somebody writes who knows Linux well and has many files to
// replace. A crash between two of the renames leaves some files new and some old.
func syncfsByHand() []Competitor {
	return []Competitor{{
		Name:  "syncfs",
		Kind:  Files,
		About: "write all temp files, one syncfs, rename all, fsync the directory",
		Open: func(dir string) (*Store, error) {
			return withDir(dir, func(d *os.File) *Store {
				put := func(files []File) error { return putSyncfs(d, files) }
				s := fileStore(dir, nil)
				s.PutAll = put
				s.Put = func(name string, data []byte) error { return put([]File{{name, data}}) }
				return s
			})
		},
	}}
}

func putSyncfs(dir *os.File, files []File) error {
	temps := make([]string, len(files))
	for i, f := range files {
		temp, err := os.CreateTemp(dir.Name(), ".tmp-*")
		if err != nil {
			return err
		}
		temps[i] = temp.Name()
		_, err = temp.Write(f.Data)
		if closeErr := temp.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return err
		}
	}
	if err := unix.Syncfs(int(dir.Fd())); err != nil {
		return err
	}
	for i, f := range files {
		if err := os.Rename(temps[i], filepath.Join(dir.Name(), f.Name)); err != nil {
			return err
		}
	}
	return dir.Sync()
}
