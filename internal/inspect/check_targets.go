package inspect

import (
	"context"

	"github.com/forewrite/forewrite/internal/apply"
)

// targets is what is needed to compare files.
type targets struct {
	set     apply.Set
	history *History
}

// checkTargets compares each path's last change with what lies there.
func (c *Check) checkTargets(ctx context.Context, log *Log) error {
	tree, err := c.journal.OpenTree()
	if err != nil {
		return err
	}
	defer tree.Close()
	for _, change := range c.targets.set.Changes() {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.Targets++
		v := &Version{Intent: change.Intent}
		found, err := tree.Look(change.Path)
		verdict := Verdict{State: Unreadable}
		if err != nil {
			verdict.Detail = err.Error()
		} else {
			verdict = c.targets.history.Match(found, v)
		}
		redo := c.targets.history.last(v.Path) > log.CheckpointLSN
		if log.Owner.Present && verdict.State != AsWritten {
			if verdict, redo, err = c.journal.matchLive(ctx, tree, change.Path); err != nil {
				return err
			}
		}
		c.target(v, verdict, redo, log.Owner.Present)
	}
	return nil
}

// matchLive compares a file that its owner may be changing just now. The log is read
// after the file, since what is in the file was in the log before. Only if a segment
// is retired in between can it have been missed, and then the next try finds more.
func (j *Journal) matchLive(ctx context.Context, tree *Tree, path string) (v Verdict, redo bool, err error) {
	for range rescans {
		found, err := tree.Look(path)
		if err == nil && (found.Kind == kindFile || found.Kind == kindLink) {
			err = found.read()
		}
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
		redo = versions[len(versions)-1].LSN > log.CheckpointLSN
		if v = h.Match(found, &versions[len(versions)-1]); v.State != Other && v.State != Missing {
			break
		}
	}
	return v, redo, nil
}

func (c *Check) target(v *Version, is Verdict, redo, live bool) {
	text := string(is.State)
	if is.Detail != "" {
		text += ": " + is.Detail
	}
	f := Finding{Tx: v.Tx, Path: v.Path, Text: text}
	switch {
	case is.State == AsWritten, redo && live:
	case is.State == Unreadable:
		c.add("JI305", f)
	case is.State == Other:
		c.add("JI301", f)
	case redo:
		c.add("JI304", f)
	case is.State == Missing:
		c.add("JI302", f)
	default:
		c.add("JI303", f)
	}
}
