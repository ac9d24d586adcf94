// Package testtree describes directories in tests: it reads a description from a
// directory or an [fs.FS], builds a directory from one, and says how two differ.
//
// A description has no times and no owners. [Freeze] has both, for tests that prove
// that nothing was touched.
package testtree

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Tree describes what is below a directory, by slash-separated path.
type Tree map[string]Node

// Node describes a regular file, a directory, a symbolic link, or a special file, of
// which only the mode is described.
type Node struct {
	Mode fs.FileMode // of a link only the type: permission bits of links mean nothing
	Data string      // content of a file, target of a link

	// SameAs is the first path, in lexical order, of the same file, where a file has
	// several in the tree (hard links).
	SameAs string
}

// Read describes what is below dir, without the paths to skip and what is below
// them.
func Read(dir string, skip ...string) (Tree, error) {
	t, _, err := read(dir, skip)
	return t, err
}

// read returns the modification times, too.
func read(dir string, skip []string) (t Tree, modified map[string]time.Time, err error) {
	t, modified = Tree{}, map[string]time.Time{}
	var links hardLinks
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		p := filepath.ToSlash(rel)
		if slices.Contains(skip, p) {
			return skipped(d)
		}
		fi, err := os.Lstat(name)
		if err != nil {
			return err
		}
		n, err := describe(fi,
			func() ([]byte, error) { return os.ReadFile(name) },
			func() (string, error) { return os.Readlink(name) })
		if fi.Mode().IsRegular() {
			n.SameAs = links.first(p, fi)
		}
		t[p], modified[p] = n, fi.ModTime()
		return err
	})
	return t, modified, err
}

// ReadFS describes what fsys has, without the paths to skip and what is below them.
// It knows nothing about hard links.
func ReadFS(fsys fs.FS, skip ...string) (Tree, error) {
	t := Tree{}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == "." {
			return err
		}
		if slices.Contains(skip, p) {
			return skipped(d)
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		t[p], err = describe(fi,
			func() ([]byte, error) { return fs.ReadFile(fsys, p) },
			func() (string, error) { return fs.ReadLink(fsys, p) })
		return err
	})
	return t, err
}

// Of is [Read] for tests, which fail where it fails.
func Of(t testing.TB, dir string, skip ...string) Tree {
	t.Helper()
	tree, err := Read(dir, skip...)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func skipped(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

func describe(fi fs.FileInfo, read func() ([]byte, error), readLink func() (string, error)) (n Node, err error) {
	n.Mode = fi.Mode()
	switch {
	case n.Mode.IsRegular():
		var data []byte
		data, err = read()
		n.Data = string(data)
	case n.Mode&fs.ModeSymlink != 0:
		n.Mode = fs.ModeSymlink
		n.Data, err = readLink()
	}
	return n, err
}

// hardLinks are the files that were seen, to recognise one under its next name.
type hardLinks []seenFile

type seenFile struct {
	info fs.FileInfo
	path string
}

// first returns the path under which the file was seen, or "" if it was not.
func (l *hardLinks) first(p string, fi fs.FileInfo) string {
	for _, s := range *l {
		if s.info.Size() == fi.Size() && os.SameFile(s.info, fi) {
			return s.path
		}
	}
	*l = append(*l, seenFile{fi, p})
	return ""
}

// Paths returns the paths in lexical order.
func (t Tree) Paths() []string { return slices.Sorted(maps.Keys(t)) }

// Hash is equal for equal trees; for different ones it is equal only by accident.
func (t Tree) Hash() uint64 {
	h := xxhash.New()
	for _, p := range t.Paths() {
		n := t[p]
		fmt.Fprintf(h, "%s\x00%o\x00%s\x00%d\x00%s", p, n.Mode, n.SameAs, len(n.Data), n.Data)
	}
	return h.Sum64()
}

// Contents is the tree without modes, as a table in a test states it: the content of
// a file, "-> " and the target of a link, "/" for a directory, and the type of a
// special file.
func (t Tree) Contents() map[string]string {
	all := make(map[string]string, len(t))
	for p, n := range t {
		switch {
		case n.Mode.IsRegular():
			all[p] = n.Data
		case n.Mode.IsDir():
			all[p] = "/"
		case n.Mode&fs.ModeSymlink != 0:
			all[p] = "-> " + n.Data
		default:
			all[p] = n.Mode.Type().String()
		}
	}
	return all
}

// Build makes the tree below dir, which exists. Modes are as described, whatever the
// umask; those of directories are set last, so that closed ones can be filled.
func (t Tree) Build(dir string) error {
	paths := t.Paths()
	for _, p := range paths {
		if err := t[p].build(dir, p); err != nil {
			return err
		}
	}
	for _, p := range slices.Backward(paths) {
		if n := t[p]; n.Mode.IsDir() {
			if err := os.Chmod(filepath.Join(dir, filepath.FromSlash(p)), n.Mode); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n Node) build(dir, p string) error {
	name := filepath.Join(dir, filepath.FromSlash(p))
	switch {
	case n.SameAs != "":
		return os.Link(filepath.Join(dir, filepath.FromSlash(n.SameAs)), name)
	case n.Mode.IsDir():
		return os.Mkdir(name, 0o700)
	case n.Mode&fs.ModeSymlink != 0:
		return os.Symlink(n.Data, name)
	case n.Mode.IsRegular():
		return errors.Join(os.WriteFile(name, []byte(n.Data), 0o600), os.Chmod(name, n.Mode))
	}
	return fmt.Errorf("testtree: build %s: no description builds a special file (%v)", p, n.Mode)
}

// Copy makes dst, an existing directory, equal to src, with hard links and the
// modification times of files: what a program that is killed now leaves in src.
func Copy(dst, src string) error {
	t, modified, err := read(src, nil)
	if err != nil {
		return err
	}
	if err := t.Build(dst); err != nil {
		return err
	}
	for p, at := range modified {
		if !t[p].Mode.IsRegular() {
			continue
		}
		if err := os.Chtimes(filepath.Join(dst, filepath.FromSlash(p)), at, at); err != nil {
			return err
		}
	}
	return nil
}
