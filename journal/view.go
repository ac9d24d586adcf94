package journal

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/forewrite/forewrite/internal/apply"
)

// View runs fn with the tree as of the last commit. What fn sees does not change
// while it runs, however many files it reads; transactions go on committing and
// changing the files meanwhile, and wait for nothing. The old version of a file
// that is replaced or removed is kept in staging until the last view that may need
// it ends, so that a long view costs space.
//
// The fs.FS has fs.ReadDirFS, fs.ReadFileFS, fs.StatFS and fs.ReadLinkFS; it does
// not show the journal directory, and must not be used after fn has returned.
// Files that somebody else changes behind the journal's back are seen as they are.
//
// In a journal that was opened with Options.ReadOnly, View keeps the owner, which
// may be another process, from applying commits while fn runs: keep it short. The
// owner waits two seconds at most; a view that takes longer fails with ErrViewLost.
//
// The error of fn is returned as it is.
func (j *Journal) View(ctx context.Context, fn func(fs.FS) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("journal: view: %w", err)
	}
	if j.closed.Load() {
		return fmt.Errorf("journal: view: %w", ErrClosed)
	}
	if j.opts.ReadOnly {
		return j.viewReadOnly(ctx, fn)
	}
	v := j.views.begin(j)
	defer v.end()
	return fn(treeFS{&tree{j: j, own: new(apply.Set), view: v, shown: true}, func() error {
		if v.ended.Load() {
			return fs.ErrClosed
		}
		return ctx.Err()
	}})
}
