package journal

import (
	"errors"
	"io/fs"
	"os"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/journal/record"
)

// File is a file being written in a transaction. It holds a little in memory and
// the rest in staging. It must be closed before the transaction commits.
type File struct {
	tx     *Tx
	name   string
	perm   fs.FileMode
	buf    []byte
	spill  *staged // set when it has become too large for the log
	closed bool
	err    error // the first one; it sticks
}

// Create begins a file that becomes part of the transaction when it is closed,
// as with WriteFile. However large it is, it takes no more memory than
// Options.InlineLimit.
func (tx *Tx) Create(name string, perm fs.FileMode) (*File, error) {
	if err := tx.checkWrite(name); err != nil {
		return nil, tx.fail("create", name, err)
	}
	tx.open++
	return &File{tx: tx, name: name, perm: perm}, nil
}

// Write appends to the file.
func (f *File) Write(p []byte) (int, error) {
	if err := f.check(); err != nil {
		return 0, f.tx.fail("write", f.name, err)
	}
	n, err := f.write(p)
	f.err = err
	return n, f.tx.fail("write", f.name, err)
}

func (f *File) write(p []byte) (int, error) {
	if f.spill == nil {
		if f.tx.inlines(int64(len(f.buf) + len(p))) {
			f.buf = append(f.buf, p...)
			return len(p), nil
		}
		if err := f.spillOver(); err != nil {
			return 0, err
		}
	}
	return f.spill.Write(p)
}

func (f *File) spillOver() error {
	s, err := f.tx.newStaged()
	if err != nil {
		return err
	}
	f.spill = s
	_, err = s.Write(f.buf)
	f.buf = nil
	return err
}

// Close makes the file part of the transaction. After a failed Write it does not,
// and returns that error.
func (f *File) Close() error {
	if f.closed {
		return f.tx.fail("close", f.name, fs.ErrClosed)
	}
	f.closed = true
	f.tx.open--
	if f.spill != nil {
		defer f.spill.file.Close()
	}
	return f.tx.fail("close", f.name, f.close())
}

func (f *File) close() error {
	if f.err != nil {
		return f.err
	}
	if err := f.tx.check(); err != nil {
		return err
	}
	var payload record.Payload
	var err error
	if f.spill != nil {
		payload, err = f.spill.finish()
	} else {
		f.tx.inline += int64(len(f.buf))
		payload = record.Inline(f.buf)
	}
	if err != nil {
		return err
	}
	return f.tx.write(blindPut{f.name, payload, f.perm &^ f.tx.j.umask})
}

func (f *File) check() error {
	if f.closed {
		return fs.ErrClosed
	}
	if f.err != nil {
		return f.err
	}
	return f.tx.check()
}

// staged is a file in staging that is being written.
type staged struct {
	file *os.File
	name string
	hash *xxhash.Digest
	size int64
}

func (tx *Tx) newStaged() (*staged, error) {
	name := tx.j.files.NewName()
	file, err := tx.j.files.Staging.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	tx.staged = append(tx.staged, name)
	return &staged{file: file, name: name, hash: xxhash.New()}, nil
}

func (s *staged) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	s.hash.Write(p[:n])
	s.size += int64(n)
	return n, err
}

// finish closes the file and describes it. It is fsynced when the transaction is
// prepared, once it has its mode.
func (s *staged) finish() (record.Payload, error) {
	if err := s.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return record.Payload{}, err
	}
	return record.Payload{Kind: record.PayloadStaged, Name: s.name, Size: s.size, Hash: s.hash.Sum64()}, nil
}
