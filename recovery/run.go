package recovery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Run recovers the tree root by the journal in dir, which is root/.journal when
// empty. The caller holds the journal's lock. After a clean close nothing is
// changed, except that what is left over in staging and in the log is removed.
//
// A path that can't be redone stops nothing; the report tells. What may pass (disk
// full, permission, a read-only file system, an I/O error) is an error, with the
// log as it was: the next Run takes the same steps again. So does the one after a
// crash or the end of ctx.
func Run(ctx context.Context, root, dir string, opts Options) (*Report, error) {
	start := time.Now()
	a, err := analyse(ctx, root, dir, segment.Options{Sync: true}, opts.Policy)
	if a == nil {
		return nil, err
	}
	defer a.close()
	if err == nil {
		err = a.run()
	}
	a.report.Duration = time.Since(start)
	if err != nil {
		return nil, err
	}
	return a.report, nil
}

// run takes the steps in the order that a crash between any two of them allows.
func (a *analysis) run() error {
	l := &lost{analysis: a, first: a.firstTouched()}
	defer l.close()
	// First, as a leftover could have the name that a segment gets when it retires.
	if err := segment.RemoveLeftovers(a.log, a.scanned.Listing); err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	if !a.report.Clean {
		if tail := a.scanned.End; tail.State == segment.Torn {
			a.keepSegment(tail.Segment, tail.Offset, tail.Length)
		}
		if err := l.flush(); err != nil {
			return err
		}
		if err := l.redo(); err != nil {
			return err
		}
		if err := l.drop(); err != nil {
			return err
		}
		// From here on the log says that all is done. Before, all was.
		if err := a.checkpoint(); err != nil {
			return err
		}
	}
	return a.tidy()
}

// firstTouched is the LSN that names the folder in lost+found.
func (a *analysis) firstTouched() record.LSN {
	first := a.scanned.End.LSN
	for _, lsn := range a.lsn {
		first = min(first, lsn)
	}
	return first
}

// redo makes the tree what the log says, durably.
func (l *lost) redo() error {
	if l.set.Len() == 0 && len(l.settled) == 0 {
		return nil
	}
	if err := l.home.Mkdir(stagingName, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	files, err := apply.NewFiles(l.root, l.rel)
	if err != nil {
		return err
	}
	defer files.Close()
	steps := l.set.Steps()
	failed := make(map[string]bool)
	if err := l.prepare(files, steps, failed); err != nil {
		return err
	}
	var dirty apply.Dirty
	for _, step := range steps {
		if failed[step.Path] {
			continue
		}
		switch ok, err := l.attempt(step, failed, files.Take); {
		case err != nil:
			return err
		case ok:
			dirty.Add(step)
		}
	}
	for _, p := range l.settled {
		dirty.Add(apply.Step{Change: &apply.Change{Intent: record.Intent{Op: record.OpPut, Path: p}}, Act: apply.ActPlace})
	}
	if err := l.flush(); err != nil {
		return err
	}
	// Before the checkpoint: after it, the log is not asked again.
	if err := files.Sync(l.ctx, &dirty); err != nil {
		return fmt.Errorf("recovery: fsync what was redone: %w", err)
	}
	return nil
}

// prepare makes all that will be put in place, and makes it durable. The log has
// it all; but without the fsync a power loss could leave garbage under a name whose
// time is that of this recovery, and the next one would take it for a file that
// somebody has edited since the crash.
func (l *lost) prepare(files *apply.Files, steps []apply.Step, failed map[string]bool) error {
	var changes []*apply.Change
	for _, step := range steps {
		if step.Act != apply.ActPlace {
			continue
		}
		ok, err := l.attempt(step, failed, func(step apply.Step) error { return prepare(files, step) })
		if err != nil {
			return err
		}
		if ok {
			changes = append(changes, step.Change)
		}
	}
	if err := files.SyncPrepared(l.ctx, changes); err != nil {
		return fmt.Errorf("recovery: fsync what is to be redone: %w", err)
	}
	return nil
}

// attempt does something for a step. An error that may pass stops recovery; any
// other sets the change aside.
func (l *lost) attempt(step apply.Step, failed map[string]bool, do func(apply.Step) error) (ok bool, err error) {
	if err := l.ctx.Err(); err != nil {
		return false, err
	}
	err = do(step)
	switch {
	case err == nil:
		return true, nil
	case passes(err):
		return false, fmt.Errorf("recovery: redo tx %d: %s %s: %w", step.Tx, step.Op, step.Path, fsx.Underlying(err))
	}
	failed[step.Path] = true
	l.giveUp(step.Change, err)
	return false, nil
}

func prepare(files *apply.Files, step apply.Step) error {
	if step.Op == record.OpPut {
		// The new file takes after the one that it replaces, but not after one that
		// a link leads to. By now the link is known, or kept aside.
		if err := removeLink(files.Root, step.Path); err != nil {
			return err
		}
	}
	step.Change.Replaced = record.Replaced{} // what is there now is not what was there then
	if err := files.Prepare(step.Change, nil, nil); err != nil {
		return err
	}
	if step.Payload.Kind != record.PayloadStaged {
		return nil
	}
	// The file has the mode of its own transaction; a later one may have changed it.
	return files.Staging.Chmod(step.Temp, step.Mode)
}

func removeLink(root *os.Root, p string) error {
	fi, err := root.Lstat(p)
	if err != nil || fi.Mode()&fs.ModeSymlink == 0 {
		return fsx.IgnoreNotExist(err)
	}
	return root.Remove(p)
}

// giveUp sets a change aside that turned out to be impossible.
func (l *lost) giveUp(c *apply.Change, err error) {
	for i := range l.report.Actions {
		if act := &l.report.Actions[i]; act.Path == c.Path {
			act.Decision, act.Reason = SetAside, plain(err)
		}
	}
	l.keepOurs(c)
}

// checkpoint writes the segment that ends the recovery, and retires all before.
func (a *analysis) checkpoint() error {
	next := a.report.Next
	if a.report.Journal == "" && a.scanned.Groups == 0 {
		return a.retire() // the journal was never finished: there is nothing to continue
	}
	mark := record.Mark{CheckpointLSN: next.LSN - 1, LastTx: next.LastTx, Time: time.Now()}
	group := record.AppendCheckpoint(make([]byte, record.HeaderSize), mark)
	var hash uint64
	_, err := segment.Write(a.log, next.Segment, func(salt uint64) []byte {
		hash = record.Seal(group, salt, next.LSN, next.Prev)
		return group
	})
	if err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	a.report.Next = Next{Segment: next.Segment + 1, LSN: next.LSN + 1, Prev: hash, LastTx: next.LastTx}
	return a.retire()
}

func (a *analysis) retire() error {
	if err := segment.Retire(a.log, a.scanned.Segments...); err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	return nil
}

// tidy empties staging, which the log does not need any more.
func (a *analysis) tidy() error {
	entries, err := fs.ReadDir(a.home.FS(), stagingName)
	if err != nil {
		return fsx.IgnoreNotExist(err)
	}
	for _, e := range entries {
		if err := a.home.RemoveAll(path.Join(stagingName, e.Name())); err != nil {
			return fmt.Errorf("recovery: empty staging: %w", err)
		}
	}
	return nil
}
