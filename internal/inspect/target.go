package inspect

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// Tree looks at the files that a journal protects. It never leaves the root.
type Tree struct{ root *os.Root }

// OpenTree opens the journal's root. Close it after use.
func (j *Journal) OpenTree() (*Tree, error) {
	root, err := os.OpenRoot(j.Root)
	if err != nil {
		return nil, err
	}
	return &Tree{root}, nil
}

// Close releases the root.
func (t *Tree) Close() error { return t.root.Close() }

// Found is what lies at a path now.
type Found struct {
	Kind  string    `json:"kind"` // "nothing", "file", "directory", "symbolic link" and so on
	Size  int64     `json:"size,omitempty"`
	Mode  string    `json:"mode,omitempty"`
	MTime time.Time `json:"mtime,omitzero"`
	Hash  string    `json:"hash,omitempty"` // of a file's content, when it was read

	path   string
	tree   *Tree
	hashed bool
	hash   uint64
}

const (
	kindNothing = "nothing"
	kindFile    = "file"
	kindDir     = "directory"
	kindLink    = "symbolic link"
)

// Look says what lies at a path. It reads no content yet.
func (t *Tree) Look(path string) (*Found, error) {
	f := &Found{Kind: kindNothing, path: path, tree: t}
	fi, err := t.root.Lstat(path)
	if fsx.IsNotExist(err) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	f.Kind = kindOf(fi.Mode())
	f.Mode, f.MTime = mode(fi.Mode()), fi.ModTime().UTC()
	if f.Kind == kindFile {
		f.Size = fi.Size()
	}
	return f, nil
}

func kindOf(m fs.FileMode) string {
	switch m.Type() {
	case 0:
		return kindFile
	case fs.ModeDir:
		return kindDir
	case fs.ModeSymlink:
		return kindLink
	case fs.ModeNamedPipe:
		return "FIFO"
	case fs.ModeSocket:
		return "socket"
	}
	return "device"
}

// Is reports whether what was found is the version. Content is compared by hash,
// that of a linked file by size and time, as nothing else is known of it.
func (f *Found) Is(v *Version) (bool, error) {
	switch v.Op {
	case record.OpRemove, record.OpRemoveAll:
		return f.Kind == kindNothing, nil
	case record.OpMkdir:
		return f.Kind == kindDir, nil
	case record.OpChmod:
		return f.Kind != kindNothing && f.Mode == mode(v.Mode), nil
	case record.OpSymlink:
		if f.Kind != kindLink {
			return false, nil
		}
	default:
		if f.Kind != kindFile || f.Size != v.Payload.Size {
			return false, nil
		}
		if v.Payload.Kind == record.PayloadLinked {
			return f.MTime.UnixNano() == v.Payload.MTime, nil
		}
	}
	err := f.read()
	return err == nil && f.hash == v.Payload.Hash, err
}

// WasReplaced reports whether what was found is what an intent says it replaced.
func (f *Found) WasReplaced(r record.Replaced) (bool, error) {
	switch r.Kind {
	case record.ReplacedNothing:
		return f.Kind == kindNothing, nil
	case record.ReplacedFile:
		return f.Kind == kindFile && f.Size == r.Size && f.MTime.UnixNano() == r.MTime, nil
	case record.ReplacedVersion:
		if f.Kind != kindFile || f.Size != r.Size {
			return false, nil
		}
		err := f.read()
		return err == nil && f.hash == r.Hash, err
	}
	return false, nil
}

// read takes the hash of the content.
func (f *Found) read() error {
	if f.hashed {
		return nil
	}
	if f.Kind == kindLink {
		target, err := f.tree.root.Readlink(f.path)
		if err != nil {
			return err
		}
		f.setHash(xxhash.Sum64String(target))
		return nil
	}
	file, err := openRegular(f.tree.root, f.path)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := xxhash.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	f.setHash(sum.Sum64())
	return nil
}

func (f *Found) setHash(h uint64) { f.hashed, f.hash, f.Hash = true, h, hash(h) }

// String describes it in a few words.
func (f *Found) String() string {
	switch f.Kind {
	case kindNothing:
		return "nothing"
	case kindFile:
		return fmt.Sprintf("a file of %s, mode %s, from %s", size(f.Size), f.Mode, when(f.MTime))
	case kindDir:
		return "a directory, mode " + f.Mode
	}
	return "a " + f.Kind
}

// openRegular opens a regular file beneath root, and waits for nothing else.
func openRegular(root *os.Root, name string) (*os.File, error) {
	file, err := root.OpenFile(name, os.O_RDONLY|fsx.NonBlocking, 0)
	if err != nil {
		return nil, err
	}
	fi, err := file.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = fmt.Errorf("%s is a %s", quote(name), kindOf(fi.Mode()))
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// read returns the content of a file of up to limit bytes.
func (t *Tree) read(path string, limit int64) ([]byte, error) {
	file, err := openRegular(t.root, path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is larger than %s", quote(path), size(limit))
	}
	return data, err
}
