package journal

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
)

// entry is one name in a directory.
type entry struct {
	name string
	node node
}

// readDir returns what the directory p has, by name. The journal directory is not
// part of the tree.
func (t *tree) readDir(p string) ([]entry, error) {
	all, err := t.names(p)
	if err != nil {
		return nil, err
	}
	names := make(map[string]struct{}, len(all))
	for _, name := range all {
		names[name] = struct{}{}
	}
	entries := make([]entry, 0, len(names))
	for name := range names {
		child := path.Join(p, name)
		if t.j.holds(child) {
			continue
		}
		n, err := t.lstat(child)
		if err != nil {
			return nil, err
		}
		if n.exists() {
			entries = append(entries, entry{name, n})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return entries, nil
}

// names returns the names that may be in the directory p, some of them twice.
func (t *tree) names(p string) ([]string, error) {
	if t.view != nil {
		return t.view.dirNames(t, p)
	}
	n, err := t.lstat(p)
	if err != nil || n.own {
		return setNames(t.own, p), err // one that the transaction made has nothing else in it
	}
	names, err := t.diskNames(p)
	if err != nil && n.change != nil {
		names, err = nil, nil // a pending transaction makes it: what is there is still something else
	}
	names = append(names, t.j.pending.names(p)...)
	return append(names, setNames(t.own, p)...), err
}

// diskNames returns the names in the directory p on disk; none if it is not there
// yet, or something else is still in its place.
func (t *tree) diskNames(p string) ([]string, error) {
	fi, err := t.j.root.Lstat(p)
	if fsx.IsNotExist(err) || err == nil && !fi.IsDir() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	dir, err := t.j.root.Open(p)
	if fsx.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

func (p *pending) names(dir string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return setNames(&p.set, dir)
}

// setNames returns the names in dir that the set says something about.
func setNames(s *apply.Set, dir string) []string {
	var names []string
	for p := range s.Paths() {
		if path.Dir(p) == dir {
			names = append(names, path.Base(p))
		}
	}
	return names
}

// info is an fs.FileInfo and fs.DirEntry of a node.
type info struct {
	name string
	node node
}

func (i info) Name() string               { return i.name }
func (i info) Size() int64                { return i.node.size }
func (i info) Mode() fs.FileMode          { return i.node.mode }
func (i info) ModTime() time.Time         { return i.node.mtime }
func (i info) IsDir() bool                { return i.node.mode.IsDir() }
func (i info) Type() fs.FileMode          { return i.node.mode.Type() }
func (i info) Info() (fs.FileInfo, error) { return i, nil }
func (i info) String() string             { return fs.FormatFileInfo(i) }

// Sys returns what the operating system says of a file in place, else nil.
func (i info) Sys() any { return i.node.sys }
