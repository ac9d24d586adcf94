package inspect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/cespare/xxhash/v2"
	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/journal/record"
)

var (
	// ErrPayload is returned when a payload is not there any more, or is not what the
	// log says.
	ErrPayload = errors.New("payload not available")
	// ErrDamaged is returned when a payload is not what the log says. It is an
	// ErrPayload.
	ErrDamaged = fmt.Errorf("%w: damaged", ErrPayload)
	// errGone is returned when a staged file does not exist. It is an ErrPayload.
	errGone = fmt.Errorf("%w: the staged file is gone", ErrPayload)
)

// Staging is an opened staging directory.
type Staging struct{ root *os.Root }

// OpenStaging opens the journal's staging directory. Close it after use.
func (j *Journal) OpenStaging() (*Staging, error) {
	root, err := os.OpenRoot(j.path(layout.StagingDir))
	if err != nil {
		return nil, err
	}
	return &Staging{root}, nil
}

// Close releases the directory.
func (s *Staging) Close() error { return s.root.Close() }

// Copy writes a staged or linked payload to w. It fails with ErrPayload when that is
// not what the log says; of a linked file the log only has size and time.
func (s *Staging) Copy(ctx context.Context, w io.Writer, p *record.Payload) error {
	file, err := openRegular(s.root, p.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", errGone, wording.Quote(p.Name))
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return copyVerified(ctx, w, file, p)
}

// copyVerified copies r to w, and compares size and hash as far as they are known.
func copyVerified(ctx context.Context, w io.Writer, r io.Reader, p *record.Payload) error {
	sum := xxhash.New()
	n, err := io.Copy(io.MultiWriter(w, sum), cancelable{ctx, r})
	switch {
	case err != nil:
		return err
	case n != p.Size:
		return fmt.Errorf("%w: it has %d bytes, the log says %d", ErrDamaged, n, p.Size)
	case p.Kind == record.PayloadStaged && sum.Sum64() != p.Hash:
		return fmt.Errorf("%w: its hash is %s, the log says %s", ErrDamaged, wording.Hash(sum.Sum64()), wording.Hash(p.Hash))
	}
	return nil
}

// CopyPayload writes the payload of v to w; inline is the content of an inline one.
// A staged file that was reclaimed after a checkpoint is read from the file that it
// became, if that still has the same content.
func (j *Journal) CopyPayload(ctx context.Context, w io.Writer, v *Version, inline []byte) error {
	if v.Payload.Kind == record.PayloadInline {
		_, err := w.Write(inline)
		return err
	}
	err := j.copyStaged(ctx, w, &v.Payload)
	if errors.Is(err, errGone) {
		return j.copyTarget(ctx, w, v)
	}
	return err
}

func (j *Journal) copyStaged(ctx context.Context, w io.Writer, p *record.Payload) error {
	staging, err := j.OpenStaging()
	if errors.Is(err, fs.ErrNotExist) {
		return errGone
	}
	if err != nil {
		return err
	}
	defer staging.Close()
	return staging.Copy(ctx, w, p)
}

// copyTarget copies the file that a staged payload became.
func (j *Journal) copyTarget(ctx context.Context, w io.Writer, v *Version) error {
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
	if same, err := found.Is(ctx, &put); err != nil || !same {
		return errors.Join(err, fmt.Errorf("%w: staged file %s is gone, and %s has other content now",
			ErrPayload, wording.Quote(v.Payload.Name), wording.Quote(v.Path)))
	}
	file, err := openRegular(tree.root, v.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	return copyVerified(ctx, w, file, &v.Payload)
}

// Content returns a payload of up to limit bytes.
func (j *Journal) Content(ctx context.Context, v *Version, inline []byte, limit int64) ([]byte, error) {
	if v.Payload.Size > limit {
		return nil, fmt.Errorf("it has %s, more than the limit of %s", wording.Size(v.Payload.Size), wording.Size(limit))
	}
	var b bytes.Buffer
	err := j.CopyPayload(ctx, &b, v, inline)
	return b.Bytes(), err
}
