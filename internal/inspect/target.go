package inspect

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/inspect/wording"
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

// Found is what is at a path now.
type Found struct {
	Kind  string    `json:"kind"` // "nothing", "file", "directory", "symbolic link" and so on
	Size  int64     `json:"size,omitempty"`
	Mode  string    `json:"mode,omitempty"` // octal
	MTime time.Time `json:"mtime,omitzero"`
	Hash  string    `json:"hash,omitempty"` // of a file's content, when it was read

	path   string
	tree   *Tree
	hashed bool
	hash   uint64
}

// The kinds that are distinguished; all others only have a name.
var (
	kindNothing = "nothing"
	kindFile    = fsx.KindOf(0)
	kindDir     = fsx.KindOf(fs.ModeDir)
	kindLink    = fsx.KindOf(fs.ModeSymlink)
)

// Look describes what is at a path. It reads no content yet.
func (t *Tree) Look(path string) (*Found, error) {
	f := &Found{Kind: kindNothing, path: path, tree: t}
	fi, err := t.root.Lstat(path)
	if fsx.IsNotExist(err) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	f.Kind = fsx.KindOf(fi.Mode())
	f.Mode, f.MTime = wording.Mode(fi.Mode()), fi.ModTime().UTC()
	if f.Kind == kindFile {
		f.Size = fi.Size()
	}
	return f, nil
}

// lookAndRead is Look, with the hash of what has content.
func (t *Tree) lookAndRead(ctx context.Context, path string) (*Found, error) {
	f, err := t.Look(path)
	if err == nil && (f.Kind == kindFile || f.Kind == kindLink) {
		err = f.read(ctx)
	}
	return f, err
}

// Is reports whether what was found is the version. Content is compared by hash; of a
// linked file only size and time are known.
func (f *Found) Is(ctx context.Context, v *Version) (bool, error) {
	switch v.Op {
	case record.OpRemove, record.OpRemoveAll:
		return f.Kind == kindNothing, nil
	case record.OpMkdir:
		return f.Kind == kindDir, nil
	case record.OpChmod:
		return f.Kind != kindNothing && f.Mode == wording.Mode(v.Mode), nil
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
	err := f.read(ctx)
	return err == nil && f.hash == v.Payload.Hash, err
}

// WasReplaced reports whether what was found is what an intent says it replaced.
func (f *Found) WasReplaced(ctx context.Context, r record.Replaced) (bool, error) {
	switch r.Kind {
	case record.ReplacedNothing:
		return f.Kind == kindNothing, nil
	case record.ReplacedFile:
		return f.Kind == kindFile && f.Size == r.Size && f.MTime.UnixNano() == r.MTime, nil
	case record.ReplacedVersion:
		if f.Kind != kindFile || f.Size != r.Size {
			return false, nil
		}
		err := f.read(ctx)
		return err == nil && f.hash == r.Hash, err
	}
	return false, nil
}

// read computes the hash of the content.
func (f *Found) read(ctx context.Context) error {
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
	if _, err := io.Copy(sum, cancelable{ctx, file}); err != nil {
		return err
	}
	f.setHash(sum.Sum64())
	return nil
}

func (f *Found) setHash(h uint64) { f.hashed, f.hash, f.Hash = true, h, wording.Hash(h) }

// String describes what was found in a few words.
func (f *Found) String() string {
	switch f.Kind {
	case kindNothing:
		return kindNothing
	case kindFile:
		return fmt.Sprintf("a file of %s, mode %s, from %s", wording.Size(f.Size), f.Mode, wording.Time(f.MTime))
	case kindDir:
		return "a directory, mode " + f.Mode
	}
	return "a " + f.Kind
}

// content returns the content of a file of up to limit bytes.
func (t *Tree) content(path string, limit int64) ([]byte, error) {
	file, err := openRegular(t.root, path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is larger than %s", wording.Quote(path), wording.Size(limit))
	}
	return data, err
}

// openRegular opens a regular file below root. It never blocks on a named pipe.
func openRegular(root *os.Root, name string) (*os.File, error) {
	file, err := root.OpenFile(name, os.O_RDONLY|fsx.NonBlocking, 0)
	if err != nil {
		return nil, err
	}
	fi, err := file.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = fmt.Errorf("%s is a %s", wording.Quote(name), fsx.KindOf(fi.Mode()))
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// cancelable is a reader that fails when its context ends, so that a large file can
// be interrupted.
type cancelable struct {
	ctx context.Context
	r   io.Reader
}

// Read reads from the underlying reader.
func (c cancelable) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}
