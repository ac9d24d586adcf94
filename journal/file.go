package journal

import (
	"io"
	"io/fs"

	"github.com/forewrite/forewrite/internal/staging"
	"github.com/forewrite/forewrite/journal/record"
)

// File is a file that is written piece by piece in a transaction. Commit publishes it
// into the transaction, Close without Commit discards it. Both must not be left out:
// a transaction with a File that is still open does not commit.
//
// However large it is, it takes no more memory than Options.InlineLimit. A File must
// not be used by several goroutines at once.
type File struct {
	tx     *Tx
	name   string
	perm   fs.FileMode
	buf    []byte
	staged *staging.Writer // once it has become too large for the log
	closed bool
	failed error // the first failure; it sticks
}

// Create begins a file that becomes part of the transaction by [File.Commit], as with
// WriteFile:
//
//	f, err := tx.Create("large", 0o644)
//	if err != nil {
//		return err
//	}
//	defer f.Close()
//	…
//	return f.Commit()
func (tx *Tx) Create(name string, perm fs.FileMode) (*File, error) {
	if err := tx.checkWrite(name, perm); err != nil {
		return nil, tx.fail("create", name, err)
	}
	f := &File{tx: tx, name: name, perm: perm}
	if tx.open == nil {
		tx.open = make(map[*File]struct{})
	}
	tx.open[f] = struct{}{}
	return f, nil
}

// Write appends to the file.
func (f *File) Write(p []byte) (int, error) {
	if err := f.check(); err != nil {
		return 0, f.tx.fail("write", f.name, err)
	}
	n, err := f.write(p)
	f.failed = err
	return n, f.tx.fail("write", f.name, err)
}

func (f *File) write(p []byte) (int, error) {
	if f.staged == nil {
		if f.tx.inlines(int64(len(f.buf) + len(p))) {
			f.buf = append(f.buf, p...)
			return len(p), nil
		}
		if err := f.spill(); err != nil {
			return 0, err
		}
	}
	return f.staged.Write(p)
}

// spill moves what was written so far to staging.
func (f *File) spill() error {
	w, err := f.tx.owner.files.Staging.NewWriter()
	if err != nil {
		return err
	}
	f.staged = w
	f.tx.staged = append(f.tx.staged, w.Name)
	_, err = w.Write(f.buf)
	f.buf = nil
	return err
}

// ReadFrom appends everything from r, and implements [io.ReaderFrom]. An error of r is
// returned as it is, and the file can't be committed then.
func (f *File) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(fileWriter{f}, r)
	if err != nil && f.failed == nil {
		f.failed = err
	}
	return n, err
}

// fileWriter hides ReadFrom from [io.Copy].
type fileWriter struct{ f *File }

func (w fileWriter) Write(p []byte) (int, error) { return w.f.Write(p) }

// Commit publishes the file into the transaction. After a failed Write it does not,
// and returns that error.
func (f *File) Commit() error {
	if f.closed {
		return f.tx.fail("commit file", f.name, fs.ErrClosed)
	}
	defer f.Close()
	return f.tx.fail("commit file", f.name, f.commit())
}

func (f *File) commit() error {
	if err := f.check(); err != nil {
		return err
	}
	// Files that are open at the same time share what fits into the log.
	if f.staged == nil && !f.tx.inlines(int64(len(f.buf))) {
		if err := f.spill(); err != nil {
			return err
		}
	}
	var payload record.Payload
	var err error
	if f.staged != nil {
		payload, err = f.staged.Finish()
	} else {
		f.tx.inline += int64(len(f.buf))
		payload = record.Inline(f.buf)
	}
	if err != nil {
		return err
	}
	return f.tx.write(blindPut{f.name, payload, f.perm &^ f.tx.owner.umask})
}

// Close discards the file, unless it was committed. It can be called again and always
// deferred; it never publishes anything.
func (f *File) Close() error {
	if !f.closed {
		f.discard()
		delete(f.tx.open, f)
	}
	return nil
}

func (f *File) discard() {
	f.closed = true
	f.buf = nil
	if f.staged != nil {
		f.staged.Close() // what is in staging is removed with the transaction
	}
}

func (f *File) check() error {
	if f.closed {
		return fs.ErrClosed
	}
	if f.failed != nil {
		return f.failed
	}
	return f.tx.check()
}
