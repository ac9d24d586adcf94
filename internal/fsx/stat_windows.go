package fsx

import (
	"io/fs"
	"time"
)

// Ctime returns false: the result of os.Stat has no time of change.
func Ctime(fs.FileInfo) (t time.Time, ok bool) { return time.Time{}, false }

// Owner returns false: here owners are security identifiers.
func Owner(fs.FileInfo) (uid, gid uint32, ok bool) { return 0, 0, false }

// Device returns false: the result of os.Stat has no volume.
func Device(fs.FileInfo) (dev uint64, ok bool) { return 0, false }

// Nlink returns false: the result of os.Stat has no number of links.
func Nlink(fs.FileInfo) (n uint64, ok bool) { return 0, false }
