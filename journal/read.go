package journal

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/forewrite/forewrite/atomic"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/overlay"
)

// fs shows the tree as the transaction sees it.
func (tx *Tx) fs() overlay.FS { return overlay.FS{Tree: tx.timedTree(), Check: tx.depend} }

// read makes the error of a read one of the transaction. It wraps the [fs.PathError]
// that the contract of [fs.FS] asks for.
func (tx *Tx) read(op, name string, err error) error {
	if err == nil || errors.As(err, new(*TxError)) {
		return err
	}
	return &TxError{Tx: tx.id, Op: op, Path: name, Err: err}
}

// Open opens the file or directory name for reading, as [fs.FS] has it. It shows the
// content at this moment, and can be read until Commit or Rollback.
func (tx *Tx) Open(name string) (fs.File, error) {
	f, err := tx.fs().Open(name)
	return f, tx.read("open", name, err)
}

// ReadFile returns the content of the file name.
func (tx *Tx) ReadFile(name string) ([]byte, error) {
	data, err := tx.fs().ReadFile(name)
	return data, tx.read("read", name, err)
}

// ReadDir returns what is in the directory name, by name. The journal directory is not
// shown.
func (tx *Tx) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := tx.fs().ReadDir(name)
	return entries, tx.read("read directory", name, err)
}

// Stat describes the file name; symbolic links are followed. The modification time of
// a file that is not in place yet is that of the transaction.
func (tx *Tx) Stat(name string) (fs.FileInfo, error) {
	info, err := tx.fs().Stat(name)
	return info, tx.read("stat", name, err)
}

// Lstat is Stat, but does not follow a symbolic link at name.
func (tx *Tx) Lstat(name string) (fs.FileInfo, error) {
	info, err := tx.fs().Lstat(name)
	return info, tx.read("lstat", name, err)
}

// ReadLink returns the target of the symbolic link name.
func (tx *Tx) ReadLink(name string) (string, error) {
	target, err := tx.fs().ReadLink(name)
	return target, tx.read("read link", name, err)
}

var (
	_ fs.ReadDirFS  = (*Tx)(nil)
	_ fs.ReadFileFS = (*Tx)(nil)
	_ fs.StatFS     = (*Tx)(nil)
	_ fs.ReadLinkFS = (*Tx)(nil)
)

// Expect makes the transaction fail with [ErrConflict] unless the file name is in the
// version v, as atomic.VersionOf returned it. The zero Version expects that there is
// no file.
func (tx *Tx) Expect(name string, v atomic.Version) error {
	return tx.fail("expect", name, tx.expect(name, v))
}

func (tx *Tx) expect(name string, v atomic.Version) error {
	if err := tx.depend(); err != nil {
		return err
	}
	is, err := tx.version(name)
	if err != nil {
		return err
	}
	if is != v {
		return fmt.Errorf("%w: it is %v, expected %v", ErrConflict, is, v)
	}
	return nil
}

func (tx *Tx) version(name string) (atomic.Version, error) {
	tree := tx.tree()
	p, e, err := tree.Resolve(name, true)
	if fsx.IsNotExist(err) || err == nil && !e.Exists() {
		return atomic.Version{}, nil
	}
	if err != nil {
		return atomic.Version{}, err
	}
	if err := overlay.CheckRegular(e.Mode); err != nil {
		return atomic.Version{}, err
	}
	file, err := tree.Open(p, e)
	if err != nil {
		return atomic.Version{}, err
	}
	defer file.Close()
	return atomic.VersionOfReader(file)
}
