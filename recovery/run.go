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
	"github.com/forewrite/forewrite/internal/walfile"
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
	a, err := analyse(ctx, root, dir, walfile.Options{Settle: true}, opts.Policy)
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
	// First, as a leftover could have the name that an epoch gets when it retires.
	if err := walfile.RemoveLeftovers(a.log, a.scanned.Listing); err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	if !a.report.Clean {
		if tail := a.scanned.End; tail.State == walfile.Torn {
			a.keepEpoch(tail.Epoch, tail.Offset, tail.Length)
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
	var dirty apply.Dirty
	failed := make(map[string]bool)
	for _, step := range l.set.Steps() {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		if failed[step.Path] {
			continue
		}
		err := take(files, step)
		switch {
		case err == nil:
			dirty.Add(step)
		case passes(err):
			return fmt.Errorf("recovery: redo tx %d: %s %s: %w", step.Tx, step.Op, step.Path, bare(err))
		default:
			failed[step.Path] = true
			l.giveUp(step.Change, err)
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

// take prepares what a step puts in place, and takes it.
func take(files *apply.Files, step apply.Step) error {
	if step.Act != apply.ActPlace {
		return files.Take(step)
	}
	if step.Op == record.OpPut {
		// The new file takes after the one that it replaces, but not after one that
		// a link leads to. By now the link is known, or kept aside.
		if err := removeLink(files.Root, step.Path); err != nil {
			return err
		}
	}
	if err := files.Prepare(step.Change, nil); err != nil {
		return err
	}
	if step.Payload.Kind == record.PayloadStaged {
		// The file has the mode of its own transaction; a later one may have changed it.
		if err := files.Staging.Chmod(step.Temp, record.FileMode(step.Mode)); err != nil {
			return err
		}
	}
	return files.Take(step)
}

func removeLink(root *os.Root, p string) error {
	fi, err := root.Lstat(p)
	if err != nil || fi.Mode()&fs.ModeSymlink == 0 {
		return ignoreGone(err)
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

// checkpoint writes the epoch that ends the recovery, and retires all before.
func (a *analysis) checkpoint() error {
	next := a.report.Next
	if a.report.Journal == "" && a.scanned.Groups == 0 {
		return a.retire() // the journal was never finished: there is nothing to continue
	}
	mark := record.Mark{Through: next.LSN - 1, LastTx: next.LastTx, Time: time.Now()}
	group := record.AppendCheckpoint(make([]byte, record.HeaderSize), mark)
	var hash uint64
	_, err := walfile.WriteEpoch(a.log, next.Epoch, func(salt uint64) []byte {
		hash = record.Seal(group, salt, next.LSN, next.Prev)
		return group
	})
	if err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	a.report.Next = Next{Epoch: next.Epoch + 1, LSN: next.LSN + 1, Prev: hash, LastTx: next.LastTx}
	return a.retire()
}

func (a *analysis) retire() error {
	if err := walfile.Retire(a.log, a.scanned.Epochs...); err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	return nil
}

// tidy empties staging, which the log does not need any more.
func (a *analysis) tidy() error {
	entries, err := fs.ReadDir(a.home.FS(), stagingName)
	if err != nil {
		return ignoreGone(err)
	}
	for _, e := range entries {
		if err := a.home.RemoveAll(path.Join(stagingName, e.Name())); err != nil {
			return fmt.Errorf("recovery: empty staging: %w", err)
		}
	}
	return nil
}

// bare leaves out of an error the path, which is known.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
