package main

import "github.com/moby/sys/atomicwriter"

var mobyAtomic = Competitor{
	Name:  "moby/atomicwriter",
	Kind:  Files,
	About: "WriteFile: temp file, fsync, rename; the directory is not synced",
	Open: func(dir string) (*Store, error) {
		return fileStore(dir, func(path string, data []byte) error {
			return atomicwriter.WriteFile(path, data, 0o644)
		}), nil
	},
}
