package journal

import (
	"io"
	"io/fs"
	"path"
	"syscall"

	"github.com/forewrite/forewrite/internal/fsx"
)

// treeFS shows a tree as an fs.FS. It follows symbolic links within the root.
type treeFS struct {
	tree  *tree
	check func() error // whether it may still be used
}

var (
	_ fs.ReadDirFS  = treeFS{}
	_ fs.ReadFileFS = treeFS{}
	_ fs.StatFS     = treeFS{}
	_ fs.ReadLinkFS = treeFS{}
)

// FS returns the tree as the transaction sees it, its own changes included. It
// can be used until Commit or Rollback, and has fs.ReadDirFS, fs.ReadFileFS,
// fs.StatFS and fs.ReadLinkFS. The journal directory is not in it.
func (tx *Tx) FS() fs.FS { return treeFS{tx.shown(), tx.depend} }

// shown is the transaction's tree with the times of its files.
func (tx *Tx) shown() *tree {
	t := tx.tree
	t.shown = true
	return &t
}

// find returns what is at name.
func (f treeFS) find(op, name string, follow bool) (string, node, error) {
	if !fs.ValidPath(name) {
		return "", node{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if err := f.check(); err != nil {
		return "", node{}, &fs.PathError{Op: op, Path: name, Err: err}
	}
	p, n, err := f.tree.stat(name, follow)
	if err != nil {
		return "", node{}, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return p, n, nil
}

// Open implements fs.FS.
func (f treeFS) Open(name string) (fs.File, error) {
	p, n, err := f.find("open", name, true)
	if err != nil {
		return nil, err
	}
	if n.mode.IsDir() {
		return f.openDir(name, p, n)
	}
	if err := checkRegular(n.mode); err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	file, err := f.tree.content(p, n)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fsx.Underlying(err)}
	}
	return openFile{file, info{path.Base(name), n}}, nil
}

// Stat implements fs.StatFS.
func (f treeFS) Stat(name string) (fs.FileInfo, error) {
	_, n, err := f.find("stat", name, true)
	if err != nil {
		return nil, err
	}
	return info{path.Base(name), n}, nil
}

// Lstat implements fs.ReadLinkFS.
func (f treeFS) Lstat(name string) (fs.FileInfo, error) {
	_, n, err := f.find("lstat", name, false)
	if err != nil {
		return nil, err
	}
	return info{path.Base(name), n}, nil
}

// ReadLink implements fs.ReadLinkFS.
func (f treeFS) ReadLink(name string) (string, error) {
	p, n, err := f.find("readlink", name, false)
	if err != nil {
		return "", err
	}
	if n.mode&fs.ModeSymlink == 0 {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	target, err := f.tree.readLink(p, n)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fsx.Underlying(err)}
	}
	return target, nil
}

// ReadFile implements fs.ReadFileFS.
func (f treeFS) ReadFile(name string) ([]byte, error) {
	p, n, err := f.find("read", name, true)
	if err != nil {
		return nil, err
	}
	if err = checkRegular(n.mode); err == nil {
		var data []byte
		if data, err = f.tree.readAll(p, n); err == nil {
			return data, nil
		}
	}
	return nil, &fs.PathError{Op: "read", Path: name, Err: fsx.Underlying(err)}
}

// ReadDir implements fs.ReadDirFS.
func (f treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	p, n, err := f.find("readdir", name, true)
	if err != nil {
		return nil, err
	}
	d, err := f.openDir(name, p, n)
	if err != nil {
		return nil, err
	}
	return d.entries, nil
}

func (f treeFS) openDir(name, p string, n node) (*openDir, error) {
	if !n.mode.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	all, err := f.tree.readDir(p)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fsx.Underlying(err)}
	}
	d := &openDir{info: info{path.Base(name), n}}
	for _, e := range all {
		d.entries = append(d.entries, info(e))
	}
	return d, nil
}

// openFile is a regular file.
type openFile struct {
	io.ReadCloser
	info info
}

func (f openFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// Seek implements io.Seeker, as http.FS and others want it.
func (f openFile) Seek(offset int64, whence int) (int64, error) {
	if s, ok := f.ReadCloser.(io.Seeker); ok {
		return s.Seek(offset, whence)
	}
	return 0, &fs.PathError{Op: "seek", Path: f.info.name, Err: fs.ErrInvalid}
}

// ReadAt implements io.ReaderAt, as archive/zip and others want it.
func (f openFile) ReadAt(p []byte, offset int64) (int, error) {
	if r, ok := f.ReadCloser.(io.ReaderAt); ok {
		return r.ReadAt(p, offset)
	}
	return 0, &fs.PathError{Op: "read", Path: f.info.name, Err: fs.ErrInvalid}
}

// openDir is a directory, with its entries as they were when it was opened.
type openDir struct {
	info    info
	entries []fs.DirEntry
	at      int
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.name, Err: syscall.EISDIR}
}

// ReadDir implements fs.ReadDirFile.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := d.entries[d.at:]
	if n > 0 {
		if len(rest) == 0 {
			return nil, io.EOF
		}
		rest = rest[:min(n, len(rest))]
	}
	d.at += len(rest)
	return append([]fs.DirEntry(nil), rest...), nil
}
