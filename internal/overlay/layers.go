package overlay

import (
	"io/fs"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/snapshot"
	"github.com/forewrite/forewrite/journal/record"
)

// Disk is the bottom layer: the files in place.
type Disk struct {
	Files *apply.Files
	Times bool // ask for modification times; see [fsx.Info] for why not always
}

// Lstat implements [Layer].
func (d *Disk) Lstat(p string) (Entry, error) {
	if !d.Times {
		info, err := d.Files.Stat(p)
		if err != nil {
			return Entry{}, fsx.IgnoreNotExist(err)
		}
		return Entry{Source: SourceDisk, Mode: info.Mode, Size: info.Size, UID: info.UID}, nil
	}
	fi, err := d.Files.Root.Lstat(p)
	if err != nil {
		return Entry{}, fsx.IgnoreNotExist(err)
	}
	uid, _, _ := fsx.Owner(fi)
	return Entry{Source: SourceDisk, Mode: fi.Mode(), Size: fi.Size(), UID: uid, MTime: fi.ModTime(), Sys: fi.Sys()}, nil
}

// Names implements [Layer]. There are none if p is not a directory, or is gone.
func (d *Disk) Names(p string) ([]string, error) {
	fi, err := d.Files.Root.Lstat(p)
	if err != nil || !fi.IsDir() {
		return nil, fsx.IgnoreNotExist(err)
	}
	dir, err := d.Files.Root.Open(p)
	if err != nil {
		return nil, fsx.IgnoreNotExist(err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	return names, fsx.IgnoreNotExist(err) // removed while it was read
}

// Stale implements [Layer].
func (d *Disk) Stale(string, *Entry, error) bool { return false }

// changeSet is what a layer of changes looks into: an *[apply.Set] or an *[InFlight].
type changeSet interface {
	Lookup(p string) (c *apply.Change, gone bool)
	Names(dir string) (names []string, whole bool)
}

// Changes is a layer of changes over another layer.
type Changes struct {
	Set    changeSet
	Source Source    // of what the changes make: SourceInFlight or SourceOwn
	Time   time.Time // modification time of what the changes make
	Below  Layer
}

// Lstat implements [Layer].
func (l *Changes) Lstat(p string) (Entry, error) {
	c, gone := l.Set.Lookup(p)
	switch {
	case gone:
		return Entry{}, nil
	case c == nil:
		return l.Below.Lstat(p)
	case c.Op != record.OpChmod:
		return l.entry(c), nil
	}
	e, err := l.Below.Lstat(p)
	if e.Exists() {
		e.Mode = e.Mode.Type() | c.Mode
	}
	return e, err
}

func (l *Changes) entry(c *apply.Change) Entry {
	e := Entry{Source: l.Source, Mode: c.Mode, Size: c.Payload.Size, MTime: l.Time, Change: c}
	switch c.Op {
	case record.OpMkdir:
		e.Mode |= fs.ModeDir
	case record.OpSymlink:
		e.Mode = fs.ModeSymlink | 0o777
	}
	return e
}

// Names implements [Layer]. The changes are read before what is below: what is applied
// in between is then found in both, and not in neither.
func (l *Changes) Names(p string) ([]string, error) {
	names, whole := l.Set.Names(p)
	if whole {
		return names, nil
	}
	below, err := l.Below.Names(p)
	return append(names, below...), err
}

// Stale implements [Layer]: a change in flight may have been put into place.
func (l *Changes) Stale(p string, e *Entry, opened error) bool {
	return fsx.IsNotExist(opened) && e.Source == SourceInFlight || l.Below.Stale(p, e, opened)
}

// Snapshot is a layer of preserved versions over the disk.
type Snapshot struct {
	Versions *snapshot.Snapshot
	Disk     Disk
}

// Lstat implements [Layer].
func (l *Snapshot) Lstat(p string) (Entry, error) {
	for {
		if v, rest, ok := l.Versions.Find(p); ok {
			return l.inVersion(v, rest)
		}
		e, err := l.Disk.Lstat(p)
		if _, _, ok := l.Versions.Find(p); !ok {
			return e, err
		}
	}
}

// inVersion returns what a version has at rest, or the version itself.
func (l *Snapshot) inVersion(v snapshot.Version, rest string) (Entry, error) {
	if rest != "" {
		var err error
		if v, err = v.At(l.Disk.Files.Staging, rest); err != nil {
			return Entry{}, err
		}
	}
	if !v.Exists {
		return Entry{}, nil
	}
	return Entry{Source: SourceSnapshot, Mode: v.Mode, Size: v.Size, MTime: v.MTime, Version: v}, nil
}

// Names implements [Layer]. The versions are read after the disk: what is removed
// while the disk is read has a version by then.
func (l *Snapshot) Names(p string) ([]string, error) {
	names, err := l.Disk.Names(p)
	if err != nil {
		return nil, err
	}
	e, err := l.Lstat(p)
	if err != nil {
		return nil, err
	}
	if e.Version.Staged != "" {
		preserved, err := e.Version.Names(l.Disk.Files.Staging)
		if err != nil {
			return nil, err
		}
		names = append(names, preserved...)
	}
	return append(names, l.Versions.Names(p)...), nil
}

// Stale implements [Layer]: what was on disk may have been replaced while it was
// opened.
func (l *Snapshot) Stale(p string, e *Entry, _ error) bool {
	if e.Source != SourceDisk {
		return false
	}
	_, _, ok := l.Versions.Find(p)
	return ok
}
