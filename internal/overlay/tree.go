package overlay

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"syscall"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/pathwalk"
	"github.com/forewrite/forewrite/internal/snapshot"
	"github.com/forewrite/forewrite/journal/record"
)

// Tree resolves names and opens files in a layer. The journal directory is not part of
// it.
type Tree struct {
	Layer
	Dir   *layout.Dir
	Files *apply.Files

	// FollowedLink is set when Resolve follows a symbolic link, in the tree of a
	// transaction: others are used by several goroutines.
	FollowedLink bool
	noteLinks    bool
}

// NewTxTree returns the tree as a transaction sees it: its own changes, over those in
// flight, over the disk. What changes make has the modification time begun.
func NewTxTree(dir *layout.Dir, disk Disk, inFlight *InFlight, own *apply.Set, begun time.Time) *Tree {
	var t struct { // one allocation
		tree          Tree
		disk          Disk
		inFlight, own Changes
	}
	t.disk = disk
	t.inFlight = Changes{Set: inFlight, Source: SourceInFlight, Time: begun, Below: &t.disk}
	t.own = Changes{Set: own, Source: SourceOwn, Time: begun, Below: &t.inFlight}
	t.tree = Tree{Layer: &t.own, Dir: dir, Files: disk.Files, noteLinks: true}
	return &t.tree
}

// NewSnapshotTree returns the tree as a snapshot sees it.
func NewSnapshotTree(dir *layout.Dir, files *apply.Files, versions *snapshot.Snapshot) *Tree {
	return &Tree{Layer: &Snapshot{Versions: versions, Disk: Disk{Files: files, Times: true}}, Dir: dir, Files: files}
}

// NewDiskTree returns the tree as it is on disk.
func NewDiskTree(dir *layout.Dir, files *apply.Files) *Tree {
	return &Tree{Layer: &Disk{Files: files, Times: true}, Dir: dir, Files: files}
}

// Resolve follows the symbolic links in name, the last one too if follow is set, and
// returns the path without links and what is there. Everything above it exists and is
// a directory. A link that leads out of the root is refused, and so is the journal
// directory.
func (t *Tree) Resolve(name string, follow bool) (string, Entry, error) {
	if err := CheckName(name); err != nil {
		return "", Entry{}, err
	}
	var found Entry
	p, err := pathwalk.Walk(name, follow, func(p string, last bool) (target string, err error) {
		if t.Dir.Contains(p) {
			return "", fmt.Errorf("%s is in the journal directory: %w", p, fs.ErrInvalid)
		}
		if found, err = t.Lstat(p); err != nil {
			return "", err
		}
		switch {
		case found.Mode&fs.ModeSymlink != 0 && (!last || follow):
			t.FollowedLink = t.FollowedLink || t.noteLinks
			return t.Readlink(p, found)
		case last:
			return "", nil
		case !found.Exists():
			return "", fmt.Errorf("directory %s does not exist: %w", p, fs.ErrNotExist)
		case !found.Mode.IsDir():
			return "", syscall.ENOTDIR
		}
		return "", nil
	})
	if err != nil {
		return "", Entry{}, fsx.Underlying(err)
	}
	return p, found, nil
}

// Readlink returns the target of the symbolic link e at p.
func (t *Tree) Readlink(p string, e Entry) (string, error) {
	switch {
	case e.Source == SourceSnapshot:
		return e.Version.Target, nil
	case e.Change != nil:
		return string(e.Change.Payload.Data), nil
	}
	return t.Files.Root.Readlink(p)
}

// Stat returns what is at name, and its path without links. That nothing is there is
// an error.
func (t *Tree) Stat(name string, follow bool) (string, Entry, error) {
	if name == "." {
		e, err := t.Lstat(".")
		return ".", e, fsx.Underlying(err)
	}
	p, e, err := t.Resolve(name, follow)
	if err == nil && !e.Exists() {
		err = fs.ErrNotExist
	}
	return p, e, err
}

// Open opens the regular file e at p. If it was put into place, or replaced, since e
// was looked up, it is looked up again.
func (t *Tree) Open(p string, e Entry) (io.ReadCloser, error) {
	for {
		file, err := t.open(p, e)
		if !t.Stale(p, &e, err) {
			return file, err
		}
		if err == nil {
			file.Close()
		}
		opened := e
		if e, err = t.Lstat(p); err != nil {
			return nil, err
		}
		if !e.Exists() || e.Change != nil && e.Change == opened.Change { // its payload is gone
			return nil, fs.ErrNotExist
		}
	}
}

func (t *Tree) open(p string, e Entry) (io.ReadCloser, error) {
	switch {
	case e.Source == SourceSnapshot:
		return t.Files.Staging.Open(e.Version.Staged)
	case e.Source == SourceDisk:
		return t.Files.Root.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
	case e.Change.Payload.Kind == record.PayloadInline:
		return memory{bytes.NewReader(e.Change.Payload.Data)}, nil
	default:
		return t.Files.Staging.Open(e.Change.Payload.Name)
	}
}

// memory is a file whose content is in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// ReadAll returns the content of the regular file e at p.
func (t *Tree) ReadAll(p string, e Entry) ([]byte, error) {
	if e.Change != nil && e.Change.Payload.Kind == record.PayloadInline {
		return slices.Clone(e.Change.Payload.Data), nil
	}
	file, err := t.Open(p, e)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return ReadSized(file, e.Size)
}

// ReadSized reads to the end, with one allocation when size is right.
func ReadSized(r io.Reader, size int64) ([]byte, error) {
	data := make([]byte, 0, max(min(size, 1<<30), 0)+1)
	for {
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
	}
}

// ReadDir returns what is in the directory p, by name.
func (t *Tree) ReadDir(p string) ([]Info, error) {
	all, err := t.Names(p)
	if err != nil {
		return nil, err
	}
	slices.Sort(all)
	all = slices.Compact(all)
	infos := make([]Info, 0, len(all))
	for _, name := range all {
		child := path.Join(p, name)
		if t.Dir.Contains(child) {
			continue
		}
		e, err := t.Lstat(child)
		if err != nil {
			return nil, err
		}
		if e.Exists() {
			infos = append(infos, Info{name, e})
		}
	}
	return infos, nil
}

// Entry returns the entry that the info describes.
func (i Info) Entry() Entry { return i.entry }
