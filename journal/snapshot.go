package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/overlay"
)

// View runs fn with the tree as of the last commit. What fn sees does not change while
// it runs, however many files it reads; transactions go on committing and changing the
// files meanwhile, and wait for nothing. The old version of a file that is replaced or
// removed is preserved in staging until the last view that may need it ends, so that a
// long view costs space.
//
// The [fs.FS] implements [fs.ReadDirFS], [fs.ReadFileFS], [fs.StatFS] and
// [fs.ReadLinkFS]; it does not show the journal directory, and must not be used after
// fn has returned. Files that another program changes are seen as they are. When ctx
// ends, or the journal is closed, its methods fail; files that are open by then can
// still be read.
//
// In a journal that was opened with Options.ReadOnly, View keeps the owner, which may
// be another process, from applying commits while fn runs: keep it short. The owner
// waits two seconds at most; a view that takes longer fails with [ErrViewLost].
//
// The error of fn is returned as it is.
func (j *Journal) View(ctx context.Context, fn func(fs.FS) error) error {
	s, err := j.snapshot(ctx)
	if err != nil {
		return fmt.Errorf("journal: view: %w", err)
	}
	defer s.Close() // also when fn panics
	fnErr := fn(overlay.FS{Tree: s.fsys.Tree, Check: func() error { return errors.Join(ctx.Err(), s.fsys.Check()) }})
	if lost := s.lost(); lost != nil {
		if j.state.closed.Load() {
			lost = ErrClosed // and what kept the owner from applying is closed
		}
		return fmt.Errorf("journal: view: %w", errors.Join(lost, fnErr))
	}
	if err := s.Close(); err != nil && fnErr == nil {
		return fmt.Errorf("journal: view: %w", err)
	}
	return fnErr
}

// Snapshot is the tree as of one commit. It implements [fs.FS], [fs.ReadDirFS],
// [fs.ReadFileFS], [fs.StatFS] and [fs.ReadLinkFS], and can be used by several
// goroutines at once. Close it: until then the old versions of what is replaced are
// preserved.
type Snapshot struct {
	fsys  overlay.FS
	lost  func() error // why what was read may be mixed
	close func() error
}

// Snapshot returns the tree as of the last commit, as [Journal.View] shows it, until
// it is closed or the journal is. The context governs only the waiting for it. With Options.ReadOnly it keeps the owner from
// applying commits, for two seconds at most; after that reads fail with [ErrViewLost].
func (j *Journal) Snapshot(ctx context.Context) (*Snapshot, error) {
	s, err := j.snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("journal: snapshot: %w", err)
	}
	return s, nil
}

func (j *Journal) snapshot(ctx context.Context) (*Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if j.state.closed.Load() {
		return nil, ErrClosed
	}
	if j.owner == nil {
		return j.snapshotReadOnly(ctx)
	}
	versions := j.owner.snapshots.Open()
	return &Snapshot{
		fsys: overlay.FS{
			Tree:  overlay.NewSnapshotTree(j.dir, j.owner.files, versions),
			Check: func() error { return j.checkOpen(versions.Closed()) },
		},
		lost:  func() error { return nil },
		close: func() error { versions.Close(); return nil },
	}, nil
}

// checkOpen returns why a snapshot can't be read.
func (j *Journal) checkOpen(snapshotClosed bool) error {
	switch {
	case j.state.closed.Load():
		return ErrClosed
	case snapshotClosed:
		return fs.ErrClosed
	}
	return nil
}

// snapshotReadOnly returns the files in place, which the owner does not change until
// the snapshot is closed.
func (j *Journal) snapshotReadOnly(ctx context.Context) (*Snapshot, error) {
	r, err := j.openReader(ctx)
	if err != nil {
		return nil, err
	}
	files := &apply.Files{Root: j.dir.Root} // nothing is staged here
	var closed atomic.Bool
	s := &Snapshot{
		fsys: overlay.FS{
			Tree: overlay.NewDiskTree(j.dir, files),
			Check: func() error {
				if err := j.checkOpen(closed.Load()); err != nil {
					return err
				}
				return r.Err()
			},
		},
		lost: r.Err,
	}
	s.close = sync.OnceValue(func() error { closed.Store(true); j.shared.remove(s); return r.Close() })
	return s, j.shared.add(s)
}

// Open implements [fs.FS].
func (s *Snapshot) Open(name string) (fs.File, error) { return s.fsys.Open(name) }

// ReadDir implements [fs.ReadDirFS].
func (s *Snapshot) ReadDir(name string) ([]fs.DirEntry, error) { return s.fsys.ReadDir(name) }

// ReadFile implements [fs.ReadFileFS].
func (s *Snapshot) ReadFile(name string) ([]byte, error) { return s.fsys.ReadFile(name) }

// Stat implements [fs.StatFS].
func (s *Snapshot) Stat(name string) (fs.FileInfo, error) { return s.fsys.Stat(name) }

// Lstat implements [fs.ReadLinkFS].
func (s *Snapshot) Lstat(name string) (fs.FileInfo, error) { return s.fsys.Lstat(name) }

// ReadLink implements [fs.ReadLinkFS].
func (s *Snapshot) ReadLink(name string) (string, error) { return s.fsys.ReadLink(name) }

// Close ends the snapshot. Its methods fail with [fs.ErrClosed] afterwards; files that
// are open by then can still be read. Further calls do nothing.
func (s *Snapshot) Close() error { return s.close() }
