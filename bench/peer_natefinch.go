package main

import (
	"bytes"

	"github.com/natefinch/atomic"
)

var natefinchAtomic = Competitor{
	Name:  "natefinch/atomic",
	Kind:  Files,
	About: "WriteFile: temp file, fsync, rename; the directory is not synced",
	Open: func(dir string) (*Store, error) {
		return fileStore(dir, func(path string, data []byte) error {
			return atomic.WriteFile(path, bytes.NewReader(data))
		}), nil
	},
}
