package fuzz

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/forewrite/forewrite/internal/testtree"
)

// tree is what the journal protects, as a model in memory: every path but the
// root and the journal directory.
type tree map[string]node

// node is a file with its content, a symbolic link with its target, or a directory.
type node = testtree.Node

// readTree reads the tree below dir.
func readTree(dir string) (tree, error) {
	t, err := testtree.Read(dir, ".journal")
	return tree(t), err
}

func sortedPaths(t tree) []string { return testtree.Tree(t).Paths() }

func (t tree) hash() uint64 { return testtree.Tree(t).Hash() }

// diff says where the tree is not what it should be.
func (t tree) diff(want tree) string { return testtree.Diff(t, want) }

// resolve follows symbolic links as the journal does, and returns the path
// without them and what is there.
func (t tree) resolve(name string, follow bool) (string, node, bool, error) {
	at, rest := ".", name
	for range 200 {
		elem, more, _ := strings.Cut(rest, "/")
		rest = more
		if elem == ".." {
			if at == "." {
				return "", node{}, false, fs.ErrInvalid
			}
			if at = path.Dir(at); rest == "" {
				rest = "."
			}
			continue
		}
		p := path.Join(at, elem)
		n, ok := t[p]
		if p == "." {
			n, ok = node{Mode: fs.ModeDir}, true
		}
		switch {
		case !ok && rest != "":
			return "", node{}, false, fs.ErrNotExist
		case ok && n.Mode&fs.ModeSymlink != 0 && (rest != "" || follow):
			target := strings.TrimRight(n.Data, "/")
			if target == "" || path.IsAbs(target) {
				return "", node{}, false, fs.ErrInvalid
			}
			rest = strings.TrimRight(target+"/"+rest, "/")
			continue
		case rest == "":
			return p, n, ok, nil
		case !n.Mode.IsDir():
			return "", node{}, false, syscall.ENOTDIR
		}
		at = p
	}
	return "", node{}, false, syscall.ELOOP
}

func (t tree) stat(name string, follow bool) (string, node, error) {
	p, n, ok, err := t.resolve(name, follow)
	if err == nil && !ok {
		err = fs.ErrNotExist
	}
	return p, n, err
}

func (t tree) beneath(dir string) []string {
	var out []string
	for p := range t {
		if strings.HasPrefix(p, dir+"/") {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// do applies one operation of a transaction.
func (t tree) do(o op) error {
	switch o.verb {
	case "write", "create":
		return t.write(o.a, o.content(), 0o644)
	case "append":
		return t.append(o)
	case "copy":
		_, n, err := t.stat(o.a, true)
		if err == nil {
			err = regular(n)
		}
		if err != nil {
			return err
		}
		return t.write(o.b, n.Data, n.Mode)
	case "remove":
		p, n, err := t.stat(o.a, false)
		if err == nil && n.Mode.IsDir() && len(t.beneath(p)) > 0 {
			err = syscall.ENOTEMPTY
		}
		delete(t, p)
		return err
	case "removeall":
		return t.removeAll(o.a)
	case "rename":
		return t.rename(o.a, o.b)
	case "mkdir":
		return t.make(o.a, node{Mode: fs.ModeDir | 0o755})
	case "mkdirall":
		return t.mkdirAll(o.a)
	case "symlink":
		return t.make(o.a, node{Mode: fs.ModeSymlink, Data: o.b})
	case "chmod":
		p, n, err := t.stat(o.a, true)
		if err == nil {
			n.Mode = n.Mode.Type() | fs.FileMode(o.n)
			t[p] = n
		}
		return err
	case "expect", "read":
		_, n, err := t.stat(o.a, true)
		if err == nil {
			err = regular(n)
		}
		return err
	}
	return fmt.Errorf("no operation %q", o.verb)
}

// regular returns why what is there can't be read or written, if it is no file.
func regular(n node) error {
	switch {
	case n.Mode.IsDir():
		return syscall.EISDIR
	case !n.Mode.IsRegular():
		return fs.ErrInvalid
	}
	return nil
}

func (t tree) write(name, data string, perm fs.FileMode) error {
	p, n, ok, err := t.resolve(name, true)
	switch {
	case err != nil:
		return err
	case !ok:
		n.Mode = perm
	case !n.Mode.IsRegular():
		return regular(n)
	}
	n.Data = data
	t[p] = n
	return nil
}

func (t tree) append(o op) error {
	_, n, ok, err := t.resolve(o.a, true)
	if err == nil && ok {
		err = regular(n)
	}
	if err != nil {
		return err
	}
	return t.write(o.a, n.Data+o.content(), 0o644)
}

func (t tree) make(name string, n node) error {
	p, _, ok, err := t.resolve(name, false)
	if err != nil || ok {
		return cmpErr(err, fs.ErrExist)
	}
	t[p] = n
	return nil
}

func (t tree) mkdirAll(name string) error {
	if name == "." {
		return nil
	}
	_, n, ok, err := t.resolve(name, true)
	switch {
	case err == nil && ok && !n.Mode.IsDir():
		return syscall.ENOTDIR
	case err == nil && ok:
		return nil
	case err != nil && err != fs.ErrNotExist && err != syscall.ENOTDIR:
		return err
	}
	if err := t.mkdirAll(path.Dir(name)); err != nil {
		return err
	}
	return t.make(name, node{Mode: fs.ModeDir | 0o755})
}

func (t tree) removeAll(name string) error {
	p, _, ok, err := t.resolve(name, false)
	if err == fs.ErrNotExist || err == syscall.ENOTDIR || err == nil && !ok {
		return nil
	}
	if err != nil {
		return err
	}
	if p == "." {
		return fs.ErrInvalid
	}
	for _, q := range t.beneath(p) {
		delete(t, q)
	}
	delete(t, p)
	return nil
}

func (t tree) rename(from, to string) error {
	src, n, err := t.stat(from, false)
	if err != nil {
		return err
	}
	dst, old, exists, err := t.resolve(to, false)
	switch {
	case err != nil:
		return err
	case src == dst:
		return nil
	case strings.HasPrefix(dst, src+"/"):
		return fs.ErrInvalid
	case exists && (old.Mode.IsDir() || n.Mode.IsDir()):
		return fs.ErrExist
	}
	for _, p := range t.beneath(src) {
		t[dst+strings.TrimPrefix(p, src)] = t[p]
		delete(t, p)
	}
	delete(t, src)
	t[dst] = n
	return nil
}

// cmpErr returns the first of its arguments that is an error.
func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
