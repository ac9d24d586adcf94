package atomic

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/fsx"
)

// parents are the directories above a file that were missing.
type parents struct {
	fsys  filesystem
	made  []string // by this call, the outermost first
	dirty []string // have a new entry, made by this call or by another one just before
}

// makeParents makes dir and what is missing above it.
func makeParents(fsys filesystem, dir string) (*parents, error) {
	p := &parents{fsys: fsys}
	// The usual case. The path is not cleaned: the ".." of link/../d is the parent of
	// the directory that the link leads to.
	if fi, err := fsys.Stat(dir); err == nil && fi.IsDir() {
		return p, nil
	}
	missing, err := p.missing(filepath.Clean(dir))
	if err != nil {
		return nil, err
	}
	for _, d := range missing {
		err := fsys.Mkdir(d, 0o755)
		switch {
		case err == nil:
			p.made = append(p.made, d)
		case !errors.Is(err, fs.ErrExist): // another one may have made it meanwhile
			p.remove()
			return nil, err
		}
		p.dirty = append(p.dirty, filepath.Dir(d))
	}
	return p, nil
}

// missing lists the missing directories, the outermost first.
func (p *parents) missing(dir string) ([]string, error) {
	fi, err := p.fsys.Stat(dir)
	switch {
	case err == nil && !fi.IsDir():
		return nil, &fs.PathError{Op: "mkdir", Path: dir, Err: errNotDir}
	case err == nil:
		return nil, nil
	case !errors.Is(err, fs.ErrNotExist), dir == filepath.Dir(dir):
		return nil, err
	}
	above, err := p.missing(filepath.Dir(dir))
	return append(above, dir), err
}

// remove removes the directories that were made and are still empty.
func (p *parents) remove() {
	for i := len(p.made) - 1; i >= 0; i-- {
		if p.fsys.Remove(p.made[i]) != nil {
			return
		}
	}
}

// sync makes the entries of the new directories durable: without it a power loss
// could remove a new directory, and the file with it.
func (p *parents) sync() error {
	for _, dir := range p.dirty {
		d, err := openDir(p.fsys, dir)
		if err != nil {
			return err
		}
		if err := syncAndClose(d); err != nil {
			return err
		}
	}
	return nil
}

func openDir(fsys filesystem, dir string) (*os.File, error) {
	return fsys.OpenFile(dir, os.O_RDONLY, 0)
}

func syncAndClose(d *os.File) error {
	defer d.Close()
	return fsx.SyncDirFile(d)
}
