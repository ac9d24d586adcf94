package journal

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// tree is the tree as a transaction sees it: its own changes, over those of
// transactions that are sequenced and not applied, over the files.
type tree struct {
	j    *Journal
	own  *apply.Set
	view *view     // set for a View, which has no changes of its own and sees none that are pending
	time time.Time // mtime of what the transaction changed

	shown   bool // callers see it, and the times in it
	crossed bool // resolve met a symbolic link
}

// node is what the tree has at a path.
type node struct {
	mode   fs.FileMode // with its type; meaningless when absent
	size   int64
	change *apply.Change // has the content; nil when it lies on disk
	own    bool          // change is the transaction's own
	disk   bool          // it lies on disk
	uid    uint32        // its owner there

	mtime time.Time // these only in a tree that is shown
	sys   any

	was  bool   // it is a version kept for a view
	kept string // where in staging that has its content
	link string // its target, if it was a symbolic link
}

func (n *node) exists() bool { return n.change != nil || n.disk || n.was }

// diskNode is what lies on disk, for a tree that is shown.
func diskNode(fi fs.FileInfo) node {
	uid, _, _ := fsx.Owner(fi)
	return node{mode: fi.Mode(), size: fi.Size(), disk: true, uid: uid, mtime: fi.ModTime(), sys: fi.Sys()}
}

// lstat returns what is at p, a resolved path. That nothing is there is no error.
func (t *tree) lstat(p string) (node, error) {
	if t.view != nil {
		return t.view.lstat(p)
	}
	var chmod *apply.Change
	if c, gone := t.own.Lookup(p); gone {
		return node{}, nil
	} else if c != nil && c.Op != record.OpChmod {
		return t.changed(c, true), nil
	} else if c != nil {
		chmod = c
	}
	n, err := t.lstatPending(p)
	if chmod != nil && n.exists() {
		n.mode = n.mode.Type() | chmod.Mode
	}
	return n, err
}

func (t *tree) lstatPending(p string) (node, error) {
	c, gone := t.j.pending.lookup(p)
	if gone {
		return node{}, nil
	}
	if c != nil && c.Op != record.OpChmod {
		return t.changed(c, false), nil
	}
	n, err := t.lstatDisk(p)
	if fsx.IsNotExist(err) {
		return node{}, nil
	}
	if err == nil && c != nil {
		n.mode = n.mode.Type() | c.Mode
	}
	return n, err
}

// lstatDisk looks at a file in place. Only a tree that is shown asks for its times.
func (t *tree) lstatDisk(p string) (node, error) {
	if t.shown {
		fi, err := t.j.root.Lstat(p)
		if err != nil {
			return node{}, err
		}
		return diskNode(fi), nil
	}
	e, err := t.j.files.Look(p)
	if err != nil {
		return node{}, err
	}
	return node{mode: e.Mode, size: e.Size, disk: true, uid: e.UID}, nil
}

func (t *tree) changed(c *apply.Change, own bool) node {
	n := node{mode: c.Mode, size: c.Payload.Size, mtime: t.time, change: c, own: own}
	switch c.Op {
	case record.OpMkdir:
		n.mode |= fs.ModeDir
	case record.OpSymlink:
		n.mode = fs.ModeSymlink | 0o777
	}
	return n
}

const maxLinks = 40 // as the kernels have it

// resolve follows the symbolic links in name, the last one too when follow is
// set, and returns the path without links and what is there. Everything above it
// exists and is a directory. A link that leads out of the root is refused, and so
// is the journal directory.
func (t *tree) resolve(name string, follow bool) (string, node, error) {
	if !validName(name) {
		return "", node{}, fs.ErrInvalid
	}
	at, rest := ".", name
	for links := 0; ; {
		var elem string
		elem, rest, _ = strings.Cut(rest, "/")
		if elem == ".." { // only from a link's target
			if at == "." {
				return "", node{}, fmt.Errorf("symbolic link leads out of the root: %w", fs.ErrInvalid)
			}
			at = path.Dir(at)
			if rest == "" {
				rest = "."
			}
			continue
		}
		p := elem
		if at != "." || elem == "" {
			p = path.Join(at, elem)
		}
		if t.j.holds(p) {
			return "", node{}, fmt.Errorf("inside the journal directory: %w", fs.ErrInvalid)
		}
		n, err := t.lstat(p)
		switch {
		case err != nil:
			return "", node{}, fsx.Underlying(err)
		case !n.exists() && rest != "":
			return "", node{}, fs.ErrNotExist
		case n.exists() && n.mode&fs.ModeSymlink != 0 && (rest != "" || follow):
			if links++; links > maxLinks {
				return "", node{}, syscall.ELOOP
			}
			if rest, err = t.through(p, n, rest); err != nil {
				return "", node{}, err
			}
			t.crossed = true
			continue
		case rest == "":
			return p, n, nil
		case !n.mode.IsDir():
			return "", node{}, syscall.ENOTDIR
		}
		at = p
	}
}

// through replaces a symbolic link at p by its target in the rest of a path.
func (t *tree) through(p string, n node, rest string) (string, error) {
	target, err := t.readLink(p, n)
	if err != nil {
		return "", fsx.Underlying(err)
	}
	target = strings.TrimRight(target, "/")
	if target == "" || path.IsAbs(target) || strings.IndexByte(target, 0) >= 0 {
		return "", fmt.Errorf("symbolic link leads out of the root: %w", fs.ErrInvalid)
	}
	if rest == "" {
		return target, nil
	}
	return target + "/" + rest, nil
}

func (t *tree) readLink(p string, n node) (string, error) {
	switch {
	case n.was:
		return n.link, nil
	case n.change != nil:
		return string(n.change.Payload.Data), nil
	}
	return t.j.root.Readlink(p)
}

// stat returns what is at name, links followed. That nothing is there is an error.
func (t *tree) stat(name string, follow bool) (string, node, error) {
	if name == "." {
		n, err := t.lstatDisk(".")
		return ".", n, fsx.Underlying(err)
	}
	p, n, err := t.resolve(name, follow)
	if err == nil && !n.exists() {
		err = fs.ErrNotExist
	}
	return p, n, err
}

// content opens the regular file n at p. If it was put in place, or replaced,
// since n was looked up, it lies elsewhere now, and n is looked up again.
func (t *tree) content(p string, n node) (io.ReadCloser, error) {
	for {
		file, err := t.contentOnce(p, n)
		moved := fsx.IsNotExist(err) && n.change != nil && !n.own
		if t.view != nil && !n.was {
			_, _, moved = t.view.find(p)
		}
		if !moved {
			return file, err
		}
		if err == nil {
			file.Close()
		}
		if n, err = t.lstat(p); err != nil {
			return nil, err
		}
		if !n.exists() {
			return nil, fs.ErrNotExist
		}
	}
}

func (t *tree) contentOnce(p string, n node) (io.ReadCloser, error) {
	switch {
	case n.was:
		return t.j.files.Staging.OpenFile(n.kept, os.O_RDONLY|fsx.NonBlocking, 0)
	case n.change == nil:
		return t.j.root.OpenFile(p, os.O_RDONLY|fsx.NonBlocking, 0)
	case n.change.Payload.Kind == record.PayloadInline:
		return memory{bytes.NewReader(n.change.Payload.Data)}, nil
	default:
		return t.j.files.Staging.Open(n.change.Payload.Name)
	}
}

// memory is a file whose content is in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// readAll returns the content of the regular file n at p.
func (t *tree) readAll(p string, n node) ([]byte, error) {
	if n.change != nil && n.change.Payload.Kind == record.PayloadInline {
		return append([]byte(nil), n.change.Payload.Data...), nil
	}
	file, err := t.content(p, n)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readSized(file, n.size)
}

// readSized reads to the end, with one allocation when size is right.
func readSized(r io.Reader, size int64) ([]byte, error) {
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

// validName reports whether name can be the name of a file for a caller: like
// record.ValidPath, and on Windows without what means something there.
func validName(name string) bool {
	if runtime.GOOS == "windows" && strings.ContainsAny(name, `\:`) {
		return false
	}
	return record.ValidPath(name)
}

// holds reports whether p is the journal directory or lies in it. Where file
// systems usually ignore case, so does this.
func (j *Journal) holds(p string) bool {
	if len(p) < len(j.opts.Dir) || len(p) > len(j.opts.Dir) && p[len(j.opts.Dir)] != '/' {
		return false
	}
	head := p[:len(j.opts.Dir)]
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return strings.EqualFold(head, j.opts.Dir)
	}
	return head == j.opts.Dir
}
