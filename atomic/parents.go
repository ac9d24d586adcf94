package atomic

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/fsx"
)

// parents are the directories on the way to a file that were missing.
type parents struct {
	tree  tree
	made  []string // by us, the outermost first
	dirty []string // got a new entry, by us or by somebody just before us
}

// makeParents makes dir and what is missing above it.
func makeParents(t tree, dir string) (*parents, error) {
	p := &parents{tree: t}
	// The usual case, and uncleaned: the dots of link/../d are not ours to resolve.
	if fi, err := t.Stat(dir); err == nil && fi.IsDir() {
		return p, nil
	}
	missing, err := p.missing(filepath.Clean(dir))
	if err != nil {
		return nil, err
	}
	for _, d := range missing {
		err := t.Mkdir(d, 0o755)
		switch {
		case err == nil:
			p.made = append(p.made, d)
		case !errors.Is(err, fs.ErrExist): // made by somebody meanwhile: fine
			p.remove()
			return nil, err
		}
		p.dirty = append(p.dirty, filepath.Dir(d))
	}
	return p, nil
}

// missing lists the missing directories, the outermost first.
func (p *parents) missing(dir string) ([]string, error) {
	fi, err := p.tree.Stat(dir)
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

// remove takes back what was made, as far as it is still empty.
func (p *parents) remove() {
	for i := len(p.made) - 1; i >= 0; i-- {
		if p.tree.Remove(p.made[i]) != nil {
			return
		}
	}
}

// sync makes the new directories' entries durable: without it a power loss could
// take a whole new directory away, and the file with it.
func (p *parents) sync() error {
	for _, dir := range p.dirty {
		d, err := openDir(p.tree, dir)
		if err != nil {
			return err
		}
		if err := syncAndClose(d); err != nil {
			return err
		}
	}
	return nil
}

func openDir(t tree, dir string) (*os.File, error) { return t.OpenFile(dir, os.O_RDONLY, 0) }

func syncAndClose(d *os.File) error {
	defer d.Close()
	return fsx.SyncDirFile(d)
}
