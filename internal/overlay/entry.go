// Package overlay shows the tree of files as a transaction or a snapshot sees it, in
// layers: a transaction's own changes, over those that are committed or in flight and
// not applied yet, over the disk; or the versions that a snapshot preserves, over the
// disk.
package overlay

import (
	"io/fs"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/snapshot"
)

// Source says where the content of an entry is.
type Source uint8

// The sources. The zero value means that nothing is there.
const (
	SourceNone     Source = iota
	SourceDisk            // in place
	SourceInFlight        // in a change that is committed or in flight, and not applied
	SourceOwn             // in a change of the transaction itself
	SourceSnapshot        // in a version that a snapshot preserves
)

// Entry is what a tree has at a path. The zero Entry is nothing.
type Entry struct {
	Source Source
	Mode   fs.FileMode // with its type
	Size   int64
	UID    uint32    // on disk: its owner
	MTime  time.Time // on disk: only where times are asked for, see [Disk]
	Sys    any       // on disk: likewise, what the operating system says

	Change  *apply.Change    // in flight, and own
	Version snapshot.Version // of a snapshot
}

// Exists reports whether anything is there.
func (e *Entry) Exists() bool { return e.Source != SourceNone }

// Layer is a tree of files, or some layers of one.
type Layer interface {
	// Lstat returns what is at p, a path without symbolic links. That nothing is
	// there is no error.
	Lstat(p string) (Entry, error)
	// Names returns the names that may be in the directory p, some of them twice, and
	// some of what is not there any more.
	Names(p string) ([]string, error)
	// Stale reports whether e, returned by Lstat before, is not what is at p any more,
	// after its content was opened with this error.
	Stale(p string, e *Entry, opened error) bool
}

// Info is an [fs.FileInfo] and [fs.DirEntry] of an entry.
type Info struct {
	name  string
	entry Entry
}

// Name implements [fs.FileInfo].
func (i Info) Name() string { return i.name }

// Size implements [fs.FileInfo].
func (i Info) Size() int64 { return i.entry.Size }

// Mode implements [fs.FileInfo].
func (i Info) Mode() fs.FileMode { return i.entry.Mode }

// ModTime implements [fs.FileInfo].
func (i Info) ModTime() time.Time { return i.entry.MTime }

// IsDir implements [fs.FileInfo].
func (i Info) IsDir() bool { return i.entry.Mode.IsDir() }

// Type implements [fs.DirEntry].
func (i Info) Type() fs.FileMode { return i.entry.Mode.Type() }

// Info implements [fs.DirEntry].
func (i Info) Info() (fs.FileInfo, error) { return i, nil }

// Sys returns what the operating system says of a file in place, else nil.
func (i Info) Sys() any { return i.entry.Sys }

// String implements [fmt.Stringer].
func (i Info) String() string { return fs.FormatFileInfo(i) }
