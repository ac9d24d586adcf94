package overlay

import (
	"io"
	"io/fs"
	"path"
	"syscall"

	"github.com/forewrite/forewrite/internal/fsx"
)

// FS shows a tree as an [fs.FS]. It follows symbolic links within the root.
type FS struct {
	Tree  *Tree
	Check func() error // why it can't be used; nil if it can
}

var (
	_ fs.ReadDirFS  = FS{}
	_ fs.ReadFileFS = FS{}
	_ fs.StatFS     = FS{}
	_ fs.ReadLinkFS = FS{}
)

// find returns what is at name.
func (f FS) find(op, name string, follow bool) (string, Entry, error) {
	if !fs.ValidPath(name) {
		return "", Entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if err := f.Check(); err != nil {
		return "", Entry{}, &fs.PathError{Op: op, Path: name, Err: err}
	}
	p, e, err := f.Tree.Stat(name, follow)
	if err != nil {
		return "", Entry{}, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return p, e, nil
}

// Open implements [fs.FS].
func (f FS) Open(name string) (fs.File, error) {
	p, e, err := f.find("open", name, true)
	if err != nil {
		return nil, err
	}
	if e.Mode.IsDir() {
		dir, err := f.openDir(name, p, e)
		if err != nil {
			return nil, err
		}
		return dir, nil
	}
	if err := CheckRegular(e.Mode); err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	file, err := f.Tree.Open(p, e)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fsx.Underlying(err)}
	}
	return openFile{file, Info{path.Base(name), e}}, nil
}

// Stat implements [fs.StatFS].
func (f FS) Stat(name string) (fs.FileInfo, error) { return f.stat("stat", name, true) }

// Lstat implements [fs.ReadLinkFS].
func (f FS) Lstat(name string) (fs.FileInfo, error) { return f.stat("lstat", name, false) }

func (f FS) stat(op, name string, follow bool) (fs.FileInfo, error) {
	_, e, err := f.find(op, name, follow)
	if err != nil {
		return nil, err
	}
	return Info{path.Base(name), e}, nil
}

// ReadLink implements [fs.ReadLinkFS].
func (f FS) ReadLink(name string) (string, error) {
	p, e, err := f.find("readlink", name, false)
	if err != nil {
		return "", err
	}
	if e.Mode&fs.ModeSymlink == 0 {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	target, err := f.Tree.Readlink(p, e)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fsx.Underlying(err)}
	}
	return target, nil
}

// ReadFile implements [fs.ReadFileFS].
func (f FS) ReadFile(name string) ([]byte, error) {
	p, e, err := f.find("read", name, true)
	if err != nil {
		return nil, err
	}
	if err := CheckRegular(e.Mode); err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	data, err := f.Tree.ReadAll(p, e)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fsx.Underlying(err)}
	}
	return data, nil
}

// ReadDir implements [fs.ReadDirFS].
func (f FS) ReadDir(name string) ([]fs.DirEntry, error) {
	p, e, err := f.find("readdir", name, true)
	if err != nil {
		return nil, err
	}
	d, err := f.openDir(name, p, e)
	if err != nil {
		return nil, err
	}
	return d.entries, nil
}

func (f FS) openDir(name, p string, e Entry) (*openDir, error) {
	if !e.Mode.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: syscall.ENOTDIR}
	}
	all, err := f.Tree.ReadDir(p)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fsx.Underlying(err)}
	}
	d := &openDir{info: Info{path.Base(name), e}}
	for _, info := range all {
		d.entries = append(d.entries, info)
	}
	return d, nil
}

// openFile is a regular file.
type openFile struct {
	file io.ReadCloser
	info Info
}

// Stat implements [fs.File].
func (f openFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// Read implements [fs.File].
func (f openFile) Read(p []byte) (int, error) { return f.file.Read(p) }

// Close implements [fs.File].
func (f openFile) Close() error { return f.file.Close() }

// Seek implements [io.Seeker], for http.FS and others.
func (f openFile) Seek(offset int64, whence int) (int64, error) {
	if s, ok := f.file.(io.Seeker); ok {
		return s.Seek(offset, whence)
	}
	return 0, &fs.PathError{Op: "seek", Path: f.info.name, Err: fs.ErrInvalid}
}

// ReadAt implements [io.ReaderAt], for archive/zip and others.
func (f openFile) ReadAt(p []byte, offset int64) (int, error) {
	if r, ok := f.file.(io.ReaderAt); ok {
		return r.ReadAt(p, offset)
	}
	return 0, &fs.PathError{Op: "read", Path: f.info.name, Err: fs.ErrInvalid}
}

// openDir is a directory, with its entries as they were when it was opened.
type openDir struct {
	info    Info
	entries []fs.DirEntry
	at      int
}

// Stat implements [fs.File].
func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }

// Close implements [fs.File].
func (d *openDir) Close() error { return nil }

// Read implements [fs.File].
func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.name, Err: syscall.EISDIR}
}

// ReadDir implements [fs.ReadDirFile].
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
