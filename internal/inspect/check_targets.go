package inspect

import (
	"context"

	"github.com/forewrite/forewrite/internal/apply"
)

// targets is what is needed to compare the files of the tree.
type targets struct {
	set     apply.Set // the last change of each path
	history *History
}

// checkTargets compares each path's last change with what is there now.
func (c *Check) checkTargets(ctx context.Context, log *Log) error {
	tree, err := c.journal.OpenTree()
	if err != nil {
		return err
	}
	defer tree.Close()
	for _, change := range c.targets.set.Changes() {
		c.Targets++
		v := &Version{Intent: change.Intent}
		verdict := Verdict{State: Unreadable}
		found, err := tree.Look(v.Path)
		if err != nil {
			verdict.Detail = err.Error()
		} else {
			verdict = c.targets.history.Match(ctx, found, v)
		}
		redo := c.targets.history.last(v.Path) > log.CheckpointLSN
		if log.Owner.Present && verdict.State != AsWritten {
			if verdict, redo, err = c.journal.matchLive(ctx, tree, v.Path); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		c.target(v, verdict, redo, log.Owner.Present)
	}
	return nil
}

// matchLive compares a file that its owner may be changing just now. The log is read
// after the file, since what is in the file was in the log before. Only if a segment
// is retired in between can it have been missed, and then the next try finds more.
func (j *Journal) matchLive(ctx context.Context, tree *Tree, path string) (v Verdict, redo bool, err error) {
	for range maxRescans {
		found, err := tree.lookAndRead(ctx, path)
		if err != nil {
			v = Verdict{State: Unreadable, Detail: err.Error()} // perhaps it was replaced just now
			continue
		}
		h, log, err := j.ReadHistory(ctx, path)
		if err != nil {
			return v, false, err
		}
		versions := h.versions[path]
		if len(versions) == 0 {
			return Verdict{State: AsWritten}, false, nil // checkpointed since; nothing to compare with
		}
		redo = h.last(path) > log.CheckpointLSN
		if v = h.Match(ctx, found, &versions[len(versions)-1]); v.State != Other && v.State != Missing {
			break
		}
	}
	return v, redo, nil
}

// target adds the finding for a path, if there is one. redo says that its last change
// is not checkpointed, live that an owner may be about to apply it.
func (c *Check) target(v *Version, is Verdict, redo, live bool) {
	f := Finding{Tx: v.Tx, Path: v.Path, Text: string(is.State)}
	if is.Detail != "" {
		f.Text += ": " + is.Detail
	}
	switch {
	case is.State == AsWritten, redo && live:
	case is.State == Unreadable:
		c.add(fileUnreadable, f)
	case is.State == Other:
		c.add(fileUnknown, f)
	case redo:
		c.add(fileToRedo, f)
	case is.State == Missing:
		c.add(fileMissing, f)
	default:
		c.add(fileOlder, f)
	}
}
