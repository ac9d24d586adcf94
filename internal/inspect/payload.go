package inspect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/journal/record"
)

// ErrPayload: a payload is not there any more, or not as the log says.
var ErrPayload = errors.New("payload not available")

// ErrDamaged is the ErrPayload of content that is not what the log says.
var ErrDamaged = fmt.Errorf("%w: damaged", ErrPayload)

// errGone is the ErrPayload of a file that is not there.
var errGone = fmt.Errorf("%w: the staged file is gone", ErrPayload)

// Staging looks into the staging directory.
type Staging struct{ root *os.Root }

// OpenStaging opens the journal's staging directory. Close it after use.
func (j *Journal) OpenStaging() (*Staging, error) {
	root, err := os.OpenRoot(filepath.Join(j.Dir, stagingDir))
	if err != nil {
		return nil, err
	}
	return &Staging{root}, nil
}

// Close releases the directory.
func (s *Staging) Close() error { return s.root.Close() }

// Check reads a staged or linked payload and returns ErrPayload when it is not
// what the log says. Of a linked one only the size is known.
func (s *Staging) Check(p *record.Payload) error { return s.Copy(io.Discard, p) }

// Copy writes a staged or linked payload to w, and then says whether it was right.
func (s *Staging) Copy(w io.Writer, p *record.Payload) error {
	file, err := openRegular(s.root, p.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", errGone, quote(p.Name))
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return copyVerified(w, file, p)
}

// copyVerified compares size and hash as far as they are known.
func copyVerified(w io.Writer, r io.Reader, p *record.Payload) error {
	sum := xxhash.New()
	n, err := io.Copy(io.MultiWriter(w, sum), r)
	switch {
	case err != nil:
		return err
	case n != p.Size:
		return fmt.Errorf("%w: it has %d bytes, the log says %d", ErrDamaged, n, p.Size)
	case p.Kind == record.PayloadStaged && sum.Sum64() != p.Hash:
		return fmt.Errorf("%w: its hash is %s, the log says %s", ErrDamaged, hash(sum.Sum64()), hash(p.Hash))
	}
	return nil
}

// CopyPayload writes the payload that v puts to w. A staged one that is gone since
// its transaction was checkpointed is taken from its target if that still holds
// it. inline is the content of an inline one.
func (j *Journal) CopyPayload(w io.Writer, v *Version, inline []byte) error {
	if v.Payload.Kind == record.PayloadInline {
		_, err := w.Write(inline)
		return err
	}
	err := j.copyStaged(w, &v.Payload)
	if errors.Is(err, errGone) {
		return j.copyTarget(w, v)
	}
	return err
}

func (j *Journal) copyStaged(w io.Writer, p *record.Payload) error {
	staging, err := j.OpenStaging()
	if errors.Is(err, fs.ErrNotExist) {
		return errGone
	}
	if err != nil {
		return err
	}
	defer staging.Close()
	return staging.Copy(w, p)
}

// copyTarget copies the file that a staged payload became.
func (j *Journal) copyTarget(w io.Writer, v *Version) error {
	tree, err := j.OpenTree()
	if err != nil {
		return err
	}
	defer tree.Close()
	found, err := tree.Look(v.Path)
	if err != nil {
		return err
	}
	put := Version{Intent: record.Intent{Op: record.OpPut, Payload: v.Payload}}
	if same, err := found.Is(&put); err != nil || !same {
		return errors.Join(err, fmt.Errorf("%w: staged file %s is gone, and %s holds something else now",
			ErrPayload, quote(v.Payload.Name), quote(v.Path)))
	}
	file, err := openRegular(tree.root, v.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	return copyVerified(w, file, &v.Payload)
}

// Content returns a payload of up to limit bytes.
func (j *Journal) Content(v *Version, inline []byte, limit int64) ([]byte, error) {
	if v.Payload.Size > limit {
		return nil, fmt.Errorf("%s is too large for this", size(v.Payload.Size))
	}
	var b bytes.Buffer
	err := j.CopyPayload(&b, v, inline)
	return b.Bytes(), err
}
