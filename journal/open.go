package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/viewlock"
	"github.com/forewrite/forewrite/recovery"
)

// Open opens the tree below root, an existing directory, and becomes its owner. The
// first time, it makes the journal directory. If the last owner crashed, it recovers
// first: every transaction is then either all there or not at all; what was done is in
// [Journal.Recovered] and goes to Options.Logger.
//
// Errors to expect: [ErrLocked] when another owner does not release the journal in
// time, [ErrUnsafe] when others could have written the journal, [ErrNoJournal] and
// [ErrNeedsRecovery] from a read-only open, *[recovery.CorruptError] when acknowledged
// records are damaged (nothing is touched then), *[recovery.FormatError] for a journal
// of a newer format, and what the operating system says. The context governs waiting
// and recovery; it does not limit the life of the journal.
func Open(ctx context.Context, root string, opts *Options) (*Journal, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	j := &Journal{opts: o, state: newState(o.Logger.With("root", root))}
	open := j.open
	if o.ReadOnly {
		open = j.openReadOnly
	}
	if err := open(ctx, root); err != nil {
		if j.dir != nil {
			err = errors.Join(err, j.dir.Close())
		}
		return nil, fmt.Errorf("journal: open %s: %w", root, err)
	}
	return j, nil
}

func (j *Journal) open(ctx context.Context, root string) (err error) {
	if j.dir, err = layout.Create(root, j.opts.Dir); err != nil {
		return err
	}
	if j.owner, j.report, err = openOwner(ctx, j.dir, &j.opts, j.state); err != nil {
		return err
	}
	switch {
	case j.report.Tail.State == recovery.TailCorrupt:
		j.state.logger.Warn("journal: recovered what comes before damage", "summary", j.report.Summary())
	case !j.report.Clean:
		j.state.logger.Info("journal: recovered", "summary", j.report.Summary())
	}
	go j.owner.checkpoints.background()
	return nil
}

// openReadOnly opens the journal beside an owner, or without one. It writes nothing
// and holds no lock.
func (j *Journal) openReadOnly(ctx context.Context, root string) (err error) {
	if j.dir, err = layout.Open(root, j.opts.Dir); err != nil {
		return err
	}
	if err := j.dir.CheckOwner(); err != nil {
		return err
	}
	j.report = &recovery.Report{}
	r, err := j.openReader(ctx)
	if err != nil {
		return err
	}
	return r.Close()
}

// openReader keeps the owner, if there is one, from applying.
func (j *Journal) openReader(ctx context.Context) (*viewlock.Reader, error) {
	r, err := viewlock.OpenReader(ctx, j.dir, max(j.opts.LockTimeout, 0))
	if errors.Is(err, fs.ErrNotExist) { // it was not made to its end
		return nil, fmt.Errorf("%w: %w", ErrNoJournal, err)
	}
	if err != nil {
		return nil, err
	}
	if err := j.checkWhole(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// checkWhole returns [ErrNeedsRecovery] when there is no owner that has recovered, and
// the last one did not close the journal.
func (j *Journal) checkWhole(ctx context.Context) error {
	if owned, err := viewlock.HasOwner(j.dir); owned || err != nil {
		return err
	}
	report, err := recovery.Plan(ctx, j.dir.RootPath(), &recovery.Options{Dir: j.opts.Dir})
	if err != nil {
		return err
	}
	if !report.Clean {
		return fmt.Errorf("%w: %s; open it once without ReadOnly", ErrNeedsRecovery, report.Summary())
	}
	return nil
}
