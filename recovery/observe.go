package recovery

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/journal/record"
)

// grace is how long after the journal's last sign of life a file must have changed to
// count as edited after the crash: file systems have coarse clocks, and applying a
// transaction takes time.
const grace = 2 * time.Second

// observation is what was found at a path.
type observation struct {
	info  fs.FileInfo // nil when nothing is there
	known bool        // the log knows the content
	newer bool        // it changed after the journal's last sign of life
}

func (o observation) mode() fs.FileMode { return o.info.Mode() }

func (o observation) isLink() bool { return o.info != nil && o.mode()&fs.ModeSymlink != 0 }

// isEdited reports whether another program changed what is there after the crash.
func (o observation) isEdited() bool { return o.info != nil && !o.known && o.newer }

// observer reads the tree and staging, and compares what it finds with the log. It
// writes nothing.
type observer struct {
	ctx     context.Context
	dir     *layout.Dir
	root    *os.Root // dir.Root
	staging *os.Root // nil when there is none

	paths map[string]*history
	links []linkedFile
	alive time.Time // the journal's last sign of life
}

// linkedFile is a file of the tree that has a second name in staging.
type linkedFile struct {
	info  fs.FileInfo
	stamp stamp // of the file when it was linked
}

func newObserver(ctx context.Context, dir *layout.Dir) (*observer, error) {
	o := &observer{ctx: ctx, dir: dir, root: dir.Root}
	var err error
	if o.staging, err = dir.Home.OpenRoot(layout.StagingDir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return o, nil
}

func (o *observer) close() error {
	if o.staging == nil {
		return nil
	}
	return o.staging.Close()
}

// learn gives the observer what the log knows about each path.
func (o *observer) learn(groups []group, alive time.Time) {
	o.alive = alive
	var linked map[string]record.Payload
	o.paths, linked = histories(groups)
	for name, payload := range linked {
		if fi, err := o.lstatStaged(name); err == nil {
			o.links = append(o.links, linkedFile{fi, stamp{payload.Size, payload.MTime}})
		}
	}
}

// observe returns what is at a path. It opens regular files and nothing else.
func (o *observer) observe(p string) (observation, error) {
	fi, err := o.root.Lstat(p)
	if fsx.IsNotExist(err) {
		return observation{}, nil
	}
	if err != nil {
		return observation{}, err
	}
	found := observation{info: fi, newer: o.isNewer(fi)}
	h := o.paths[p]
	if h == nil {
		h = new(history)
	}
	switch {
	case fi.Mode()&fs.ModeSymlink != 0:
		target, err := o.root.Readlink(p)
		found.known = slices.Contains(h.links, target)
		return found, fsx.IgnoreNotExist(err)
	case fi.Mode().IsRegular():
		found.known, err = o.isKnown(p, fi, h)
	}
	return found, err
}

func (o *observer) isNewer(fi fs.FileInfo) bool {
	t, ok := fsx.Ctime(fi)
	return ok && t.After(o.alive.Add(grace))
}

// isKnown reports whether the file at p has content that h knows.
func (o *observer) isKnown(p string, fi fs.FileInfo, h *history) (bool, error) {
	if slices.Contains(h.stamps, stampOf(fi)) {
		return true, nil
	}
	for _, link := range o.links {
		// To link and to rename a file changes its ctime, so here the mtime decides.
		if os.SameFile(link.info, fi) && (stampOf(fi) == link.stamp || !fi.ModTime().After(o.alive.Add(grace))) {
			return true, nil
		}
	}
	if fi.Size() == 0 { // torn, or nothing that could be lost
		return true, nil
	}
	return o.compare(p, fi, h)
}

// alreadyDone reports whether the file found at the path is what intent i puts there.
func (o *observer) alreadyDone(i record.Intent, found observation) bool {
	if found.info == nil || !found.mode().IsRegular() || found.info.Size() != i.Payload.Size {
		return false
	}
	if i.Payload.Kind == record.PayloadLinked {
		return stampOf(found.info) == stamp{i.Payload.Size, i.Payload.MTime}
	}
	known, err := o.isKnown(i.Path, found.info, &history{contents: []record.Payload{i.Payload}})
	return err == nil && known
}

// editedIn lists what is below a directory and was edited after the crash.
func (o *observer) editedIn(dir string) (edited []string, err error) {
	err = o.walk(dir, func(p string, e fs.DirEntry) error {
		if e.IsDir() {
			return nil
		}
		yes, err := o.editedAt(p)
		if yes {
			edited = append(edited, p)
		}
		return err
	})
	return edited, err
}

// editedAt reports whether what is at p was edited after the crash. A file that did
// not change since then is not read.
func (o *observer) editedAt(p string) (bool, error) {
	fi, err := o.root.Lstat(p)
	if err != nil || !o.isNewer(fi) {
		return false, fsx.IgnoreNotExist(err)
	}
	found, err := o.observe(p)
	return found.isEdited(), err
}

// walk visits everything below dir, and follows no links.
func (o *observer) walk(dir string, visit func(string, fs.DirEntry) error) error {
	return fs.WalkDir(o.root.FS(), dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil {
			err = o.ctx.Err()
		}
		if err != nil || p == dir {
			return fsx.IgnoreNotExist(err)
		}
		return visit(p, e)
	})
}

// children lists the paths of what is in the directory at p. It lists nothing when
// there is no directory, or when it can't be read: the redo meets the same error.
func (o *observer) children(p string) []string {
	fi, err := o.root.Lstat(p)
	if err != nil || !fi.IsDir() {
		return nil
	}
	dir, err := o.root.Open(p)
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	for i, name := range names {
		names[i] = path.Join(p, name)
	}
	return names
}

// lstatStaged describes a regular file in staging.
func (o *observer) lstatStaged(name string) (fs.FileInfo, error) {
	if o.staging == nil {
		return nil, fs.ErrNotExist
	}
	fi, err := o.staging.Lstat(name)
	if err == nil && !fi.Mode().IsRegular() {
		err = fs.ErrNotExist // the journal makes regular files only
	}
	return fi, err
}

// openStaged opens a regular file in staging.
func (o *observer) openStaged(name string) (*os.File, error) {
	if _, err := o.lstatStaged(name); err != nil {
		return nil, err
	}
	return o.staging.OpenFile(name, os.O_RDONLY|fsx.NonBlocking, 0)
}

// hashStaged hashes a file in staging.
func (o *observer) hashStaged(name string) (size int64, sum uint64, err error) {
	file, err := o.openStaged(name)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	hash := xxhash.New()
	size, err = io.Copy(hash, &contextReader{o.ctx, file})
	return size, hash.Sum64(), err
}

// contextReader makes a long copy stop when the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}
