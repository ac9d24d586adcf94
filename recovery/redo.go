package recovery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Run recovers the tree of dir. Its parameter is of an internal type because only
// package journal can call it: the caller must hold all locks of the journal. Run
// ignores opts.Dir. After a clean close it changes nothing, except that it removes
// leftovers from staging and from the log.
//
// A path that can't be redone stops nothing; the report says so. A condition that may
// pass (full disk, missing permission, read-only file system, I/O error) is an error,
// and leaves the log as it was: the next Run takes the same steps. The same is true
// after a crash, or when ctx ends.
func Run(ctx context.Context, dir *layout.Dir, opts Options) (*Report, error) {
	start := time.Now()
	a, err := analyse(ctx, dir, segment.Options{Sync: true}, opts.Policy)
	if a == nil {
		return nil, err
	}
	defer a.close()
	if err != nil {
		return nil, err
	}
	r := &redoer{ctx: ctx, plan: a, lost: &lostFolder{ctx: ctx, home: dir.Home, first: a.firstLSN()}}
	defer r.lost.close()
	if err := r.run(); err != nil {
		return nil, err
	}
	a.report.Duration = time.Since(start)
	return a.report, nil
}

// firstLSN is that of the first group with something to do. It names the folder in
// lost+found.
func (a *analysis) firstLSN() record.LSN {
	first := a.log.End.LSN
	for _, lsn := range a.lsn {
		first = min(first, lsn)
	}
	return first
}

// redoer does what an analysis has decided.
type redoer struct {
	ctx  context.Context
	plan *analysis
	lost *lostFolder
}

// run takes the steps, in an order in which a crash between any two of them is
// harmless.
func (r *redoer) run() error {
	// First: a leftover could have the name that a segment gets when it is retired.
	if err := segment.RemoveLeftovers(r.plan.dir.Log(), r.plan.log.Listing); err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	if !r.plan.report.Clean {
		if tail := r.plan.log.End; tail.State == segment.Torn && tail.Length > 0 {
			r.plan.rescues = append(r.plan.rescues, segmentBytes(r.plan.dir.Log(), tail.Segment, tail.Offset, tail.Length))
		}
		if err := r.copyRescues(); err != nil {
			return err
		}
		if err := r.redo(); err != nil {
			return err
		}
		if err := r.drop(); err != nil {
			return err
		}
		// Until here the log requires the redo. From here on it says that all is done.
		if err := r.checkpoint(); err != nil {
			return err
		}
	}
	return r.emptyStaging()
}

// copyRescues makes the copies that are due. Nothing that they rescue may be displaced
// before they are durable: a crash would destroy both.
func (r *redoer) copyRescues() error {
	if len(r.plan.rescues) == 0 {
		return nil
	}
	for _, c := range r.plan.rescues {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		at, err := r.lost.copy(c)
		if err != nil {
			return fmt.Errorf("recovery: copy %s to %s: %w", c.why, layout.LostFoundDir, err)
		}
		if at != "" {
			r.noteLost(c.path, at)
		}
	}
	r.plan.rescues = nil
	if err := r.lost.sync(); err != nil {
		return fmt.Errorf("recovery: fsync %s: %w", layout.LostFoundDir, err)
	}
	return nil
}

// noteLost notes in the report what was put into lost+found: for the path p, or of the
// log when p is empty.
func (r *redoer) noteLost(p, at string) {
	report := r.plan.report
	report.LostFound = r.lost.path
	if p == "" {
		report.Tail.LostFound = append(report.Tail.LostFound, at)
		return
	}
	for i := range report.Actions {
		if report.Actions[i].Path == p {
			report.Actions[i].LostFound = at
		}
	}
}

// redo makes the tree what the log says, durably.
func (r *redoer) redo() error {
	if r.plan.changes.Len() == 0 && len(r.plan.inPlace) == 0 {
		return nil
	}
	if err := r.plan.dir.Home.Mkdir(layout.StagingDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("recovery: %w", err)
	}
	files, err := apply.NewFiles(r.plan.dir)
	if err != nil {
		return fmt.Errorf("recovery: open staging: %w", err)
	}
	defer files.Close()
	steps := r.plan.changes.Steps()
	failed := make(map[string]bool)
	if err := r.prepare(files, steps, failed); err != nil {
		return err
	}
	var dirty apply.Dirty
	for _, step := range steps {
		if failed[step.Path] {
			continue
		}
		switch ok, err := r.attempt(step, failed, files.Execute); {
		case err != nil:
			return err
		case ok:
			dirty.Add(step)
		}
	}
	for _, p := range r.plan.inPlace {
		dirty.Add(apply.Step{Change: &apply.Change{Intent: record.Intent{Op: record.OpPut, Path: p}}, Act: apply.ActPlace})
	}
	if err := r.copyRescues(); err != nil {
		return err
	}
	// Before the checkpoint: after it, the log no longer requires the redo.
	if err := files.Sync(r.ctx, &dirty); err != nil {
		return fmt.Errorf("recovery: fsync what was redone: %w", err)
	}
	return nil
}

// prepare makes everything that will be put in place, and fsyncs it. The log holds the
// same content. But without the fsync, a power loss could leave garbage under a name
// that changed during this recovery, and the next recovery would take it for a file
// that was edited after the crash.
func (r *redoer) prepare(files *apply.Files, steps []apply.Step, failed map[string]bool) error {
	var changes []*apply.Change
	for _, step := range steps {
		if step.Act != apply.ActPlace {
			continue
		}
		ok, err := r.attempt(step, failed, func(step apply.Step) error { return prepareStep(files, step) })
		if err != nil {
			return err
		}
		if ok {
			changes = append(changes, step.Change)
		}
	}
	if err := files.SyncPrepared(r.ctx, changes); err != nil {
		return fmt.Errorf("recovery: fsync what is to be redone: %w", err)
	}
	return nil
}

func prepareStep(files *apply.Files, step apply.Step) error {
	if step.Op == record.OpPut {
		// The new file gets the owner and attributes of the file that it replaces, but
		// not those of a file that a link leads to. The link is known, or in lost+found.
		if err := removeLink(files.Root, step.Path); err != nil {
			return err
		}
	}
	if err := files.Prepare(step.Change, files.OnDisk(step.Change)); err != nil {
		return err
	}
	if step.Payload.Kind != record.PayloadStaged {
		return nil
	}
	// The staged file has the mode of its own transaction; a later one may have changed it.
	return files.Staging.Root.Chmod(step.Temp, step.Mode)
}

func removeLink(root *os.Root, p string) error {
	fi, err := root.Lstat(p)
	if err != nil || fi.Mode()&fs.ModeSymlink == 0 {
		return fsx.IgnoreNotExist(err)
	}
	return root.Remove(p)
}

// attempt does something for a step. A temporary error stops recovery; any other sets
// the change aside.
func (r *redoer) attempt(step apply.Step, failed map[string]bool, do func(apply.Step) error) (ok bool, err error) {
	if err := r.ctx.Err(); err != nil {
		return false, err
	}
	err = do(step)
	switch {
	case err == nil:
		return true, nil
	case isTemporary(err):
		return false, fmt.Errorf("recovery: redo tx %d: %s %s: %w", step.Tx, step.Op, step.Path, fsx.Underlying(err))
	}
	failed[step.Path] = true
	r.setAside(step.Change, err)
	return false, nil
}

// setAside gives up a change that turned out to be impossible.
func (r *redoer) setAside(c *apply.Change, err error) {
	for i := range r.plan.report.Actions {
		if a := &r.plan.report.Actions[i]; a.Path == c.Path {
			a.Decision, a.Reason = SetAside, fsx.Underlying(err).Error()
		}
	}
	r.plan.rescues = append(r.plan.rescues, loggedFor(r.plan.tree, c)...)
}

// isTemporary reports whether recovery stops at err, to be tried again. EBUSY does not
// stop it: a file system is mounted on the file.
func isTemporary(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		fsx.Temporary(err) && !errors.Is(err, syscall.EBUSY)
}

// checkpoint writes the segment that completes the recovery, and retires all segments
// before it.
func (r *redoer) checkpoint() error {
	report := r.plan.report
	next := report.Next
	if report.Journal == "" && r.plan.log.Groups == 0 {
		return r.retire() // the journal was never completely made, and has no log to continue
	}
	mark := record.Mark{CheckpointLSN: next.LSN - 1, LastTx: next.LastTx, Time: time.Now()}
	group := record.AppendCheckpoint(make([]byte, record.HeaderSize), mark)
	var hash uint64
	_, err := segment.Write(r.plan.dir.Log(), next.Segment, func(salt uint64) []byte {
		hash = record.Seal(group, salt, next.LSN, next.Prev)
		return group
	})
	if err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	report.Next = Next{Segment: next.Segment + 1, LSN: next.LSN + 1, Prev: hash, LastTx: next.LastTx}
	return r.retire()
}

func (r *redoer) retire() error {
	if err := segment.Retire(r.plan.dir.Log(), r.plan.segments...); err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	return nil
}

// emptyStaging removes the files in staging, which the log no longer needs.
func (r *redoer) emptyStaging() error {
	entries, err := fs.ReadDir(r.plan.dir.Home.FS(), layout.StagingDir)
	if err != nil {
		return fsx.IgnoreNotExist(err)
	}
	for _, e := range entries {
		if err := r.plan.dir.Home.RemoveAll(path.Join(layout.StagingDir, e.Name())); err != nil {
			return fmt.Errorf("recovery: empty staging: %w", err)
		}
	}
	return nil
}
