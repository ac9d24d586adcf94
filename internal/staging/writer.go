package staging

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/journal/record"
)

// Writer writes a payload that the log is going to name instead of containing it.
type Writer struct {
	Name string // in staging

	file *os.File
	hash *xxhash.Digest
	size int64
}

// NewWriter begins a new file.
func (s *Dir) NewWriter() (*Writer, error) {
	name := s.NewName()
	file, err := s.Create(name, 0o600)
	if err != nil {
		return nil, err
	}
	return &Writer{Name: name, file: file, hash: xxhash.New()}, nil
}

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	w.hash.Write(p[:n])
	w.size += int64(n)
	return n, err
}

// Finish closes the file and describes it. It is not fsynced yet: that is done when
// the transaction is prepared, once the file has its mode and owner.
func (w *Writer) Finish() (record.Payload, error) {
	if err := w.file.Close(); err != nil {
		return record.Payload{}, err
	}
	return record.Payload{Kind: record.PayloadStaged, Name: w.Name, Size: w.size, Hash: w.hash.Sum64()}, nil
}

// Close closes the file, if Finish has not. The file stays.
func (w *Writer) Close() error {
	if err := w.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return err
	}
	return nil
}

var _ io.WriteCloser = (*Writer)(nil)
