package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/recovery"
	"github.com/gofrs/flock"
)

// openReadOnly opens the journal beside an owner, or without one. It writes
// nothing and holds no lock.
func (j *Journal) openReadOnly(ctx context.Context) (err error) {
	if j.root, err = os.OpenRoot(j.path); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.root.Close())
		}
	}()
	for _, dir := range []string{"", "/log"} {
		if err := j.checkDir(j.opts.Dir + dir); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				err = fmt.Errorf("%w: %w", recovery.ErrNoJournal, err)
			}
			return err
		}
	}
	j.report = &recovery.Report{}
	v, err := j.viewFromOutside(ctx)
	if err != nil {
		return err
	}
	return v.end()
}

// checkOwner reports ErrNeedsRecovery when there is no owner that has recovered,
// and the last one did not end well. The caller holds VIEW, so that none can begin
// to change files.
func (j *Journal) checkOwner(ctx context.Context) error {
	ready := flock.New(j.journalPath(readyFile), flock.SetFlag(os.O_RDONLY))
	free, err := ready.TryRLock()
	if err != nil || !free {
		return err
	}
	if err := ready.Unlock(); err != nil {
		return err
	}
	report, err := recovery.Plan(ctx, j.path, &recovery.Options{Dir: j.opts.Dir})
	if err != nil {
		return err
	}
	if !report.Clean {
		return fmt.Errorf("%w: %s", ErrNeedsRecovery, report.Summary())
	}
	return nil
}

// viewReadOnly runs fn while the owner, if there is one, applies nothing.
func (j *Journal) viewReadOnly(ctx context.Context, fn func(fs.FS) error) error {
	v, err := j.viewFromOutside(ctx)
	if err != nil {
		return fmt.Errorf("journal: view: %w", err)
	}
	ended := false
	check := func() error {
		if ended {
			return fs.ErrClosed
		}
		return errors.Join(ctx.Err(), v.lost())
	}
	fnErr := fn(treeFS{&tree{j: j, own: new(apply.Set), shown: true}, check})
	ended = true
	lost := v.lost()
	if err := v.end(); lost == nil {
		lost = err
	}
	if lost != nil {
		return fmt.Errorf("journal: view: %w", errors.Join(lost, fnErr))
	}
	return fnErr
}
