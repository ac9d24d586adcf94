package main

import (
	"os"
	"path/filepath"
	"sync/atomic"
)

// floorSize is the length of the zero-filled file. Writing starts over at its end.
const floorSize = 8 * mib

var overwriteFloor = Competitor{
	Name:  "overwrite+fdatasync",
	Kind:  Floor,
	About: "pwrite into a file of written zeroes, fdatasync",
	Open: func(dir string) (*Store, error) {
		f, err := createFloor(dir)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(make([]byte, floorSize)); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		var next atomic.Int64
		return floorStore(f, func(data []byte) error {
			n := int64(len(data))
			off := (next.Add(n) - n) % floorSize
			if off+n > floorSize {
				off = 0
			}
			if _, err := f.WriteAt(data, off); err != nil {
				return err
			}
			return fdatasync(f)
		}), nil
	},
}

var appendFloor = Competitor{
	Name:  "append+fsync",
	Kind:  Floor,
	About: "write at the end of a growing file, fsync",
	Open: func(dir string) (*Store, error) {
		f, err := createFloor(dir)
		if err != nil {
			return nil, err
		}
		var end atomic.Int64
		return floorStore(f, func(data []byte) error {
			n := int64(len(data))
			if _, err := f.WriteAt(data, end.Add(n)-n); err != nil {
				return err
			}
			return f.Sync()
		}), nil
	},
}

func createFloor(dir string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, "floor"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
}

// floorStore writes several files' bytes as one. It keeps no names, so that
// nothing can be read back by one.
func floorStore(f *os.File, write func([]byte) error) *Store {
	return &Store{
		Put: func(_ string, data []byte) error { return write(data) },
		PutAll: func(files []File) error {
			var all []byte
			for _, file := range files {
				all = append(all, file.Data...)
			}
			return write(all)
		},
		Close: f.Close,
	}
}
