package main

import (
	"os"

	"github.com/google/renameio/v2"
)

// renameio doesn't sync the directory: after a power loss the old file may be
// back although WriteFile returned.
var renameioFile = Competitor{
	Name:  "renameio",
	Kind:  Files,
	About: "google/renameio v2 WriteFile: temp file, fsync, rename",
	Open: func(dir string) (*Store, error) {
		return fileStore(dir, func(path string, data []byte) error {
			return renameio.WriteFile(path, data, 0o644)
		}), nil
	},
}

var renameioDir = Competitor{
	Name:  "renameio+dirsync",
	Kind:  Files,
	About: "google/renameio v2 WriteFile, then fsync the directory",
	Open: func(dir string) (*Store, error) {
		return withDir(dir, func(d *os.File) *Store {
			return fileStore(dir, func(path string, data []byte) error {
				if err := renameio.WriteFile(path, data, 0o644); err != nil {
					return err
				}
				return d.Sync()
			})
		})
	},
}
