package fsx

import (
	"io/fs"
	"time"
)

// Ctime says false: what os.Stat brings along has no time of change.
func Ctime(fs.FileInfo) (t time.Time, ok bool) { return time.Time{}, false }

// Owner says false: owners are security identifiers here.
func Owner(fs.FileInfo) (uid, gid uint32, ok bool) { return 0, 0, false }

// Device says false: what os.Stat brings along has no volume.
func Device(fs.FileInfo) (dev uint64, ok bool) { return 0, false }

// Nlink says false: what os.Stat brings along has no number of links.
func Nlink(fs.FileInfo) (n uint64, ok bool) { return 0, false }
