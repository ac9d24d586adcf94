package fsx

import (
	"os"
	"path/filepath"
)

// StatAt returns what is at a name, without a separator in it, in the open directory.
// A symbolic link is not followed.
func StatAt(dir *os.File, name string) (Info, error) {
	fi, err := os.Lstat(filepath.Join(dir.Name(), name))
	if err != nil {
		return Info{}, err
	}
	return Info{Mode: fi.Mode(), Size: fi.Size()}, nil
}

// StatFile returns the Info of the open file.
func StatFile(f *os.File) (Info, error) {
	fi, err := f.Stat()
	if err != nil {
		return Info{}, err
	}
	return Info{Mode: fi.Mode(), Size: fi.Size()}, nil
}
