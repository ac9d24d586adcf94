package fsx

import (
	"os"
	"path/filepath"
)

// Look says what the opened directory has under a name without a separator in it.
// A symbolic link is not followed.
func Look(dir *os.File, name string) (Entry, error) {
	fi, err := os.Lstat(filepath.Join(dir.Name(), name))
	if err != nil {
		return Entry{}, err
	}
	return Entry{Mode: fi.Mode(), Size: fi.Size()}, nil
}

// LookFile says what the opened file is.
func LookFile(f *os.File) (Entry, error) {
	fi, err := f.Stat()
	if err != nil {
		return Entry{}, err
	}
	return Entry{Mode: fi.Mode(), Size: fi.Size()}, nil
}
