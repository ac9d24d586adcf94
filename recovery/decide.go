package recovery

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// decider decides about all paths that the log changes. It removes from changes what
// is not going to be redone, and collects what else is to be done.
type decider struct {
	ctx     context.Context
	tree    *observer
	changes *apply.Set
	lsn     map[record.TxID]record.LSN // of the transactions in changes

	actions []Action
	inPlace []string
	rescues []rescue
}

// decideAll decides about each path: first parents before children, because a path
// depends on its directory, and then, about directories to be removed, children
// before parents.
func (d *decider) decideAll() error {
	verdicts := make(map[string]verdict)
	for _, c := range d.changes.Changes() {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		if d.changes.Get(c.Path) != c {
			continue // replaced by a decision about a directory above
		}
		v, err := d.decide(c)
		if err != nil && isTemporary(err) {
			return fmt.Errorf("recovery: look at %s: %w", c.Path, fsx.Underlying(err))
		}
		if err != nil {
			v = setAside(fsx.Underlying(err).Error())
		}
		if v.decision == KeepFound || v.decision == SetAside || v.inPlace {
			d.changes.Delete(c.Path)
			d.conclude(c, v)
			continue
		}
		verdicts[c.Path] = v
	}
	for _, c := range slices.Backward(d.changes.Changes()) {
		v := verdicts[c.Path]
		if v.decision == Redo && d.staysNonempty(c) {
			v = setAside("the directory there is not empty")
			d.changes.Delete(c.Path)
		}
		d.conclude(c, v)
	}
	return nil
}

// decide returns the verdict about one path. An error that is not temporary means
// that the path can't be reached.
func (d *decider) decide(c *apply.Change) (verdict, error) {
	if d.isForbidden(c) {
		return setAside("the path leads into the journal directory"), nil
	}
	if reason, err := d.orphaned(c); reason != "" || err != nil {
		return setAside(reason), err
	}
	found, err := d.tree.observe(c.Path)
	if err != nil {
		return verdict{}, err
	}
	v, err := rules[found.finding()][wantOf(c)](d, c, found)
	if err != nil {
		return verdict{}, err
	}
	redone := v.decision == Redo || v.decision == Displace
	if redone && c.Op == record.OpPut && c.Payload.Kind != record.PayloadInline {
		return d.checkStaged(c, found, v)
	}
	return v, nil
}

// isForbidden reports whether the change would touch the journal directory. Of the
// directories above it, only the mode may change.
func (d *decider) isForbidden(c *apply.Change) bool {
	if d.tree.dir.IsBelow(c.Path) {
		return c.Op != record.OpMkdir && c.Op != record.OpChmod
	}
	return d.tree.dir.Reaches(c.Path)
}

// orphaned says why nothing can be made at c.Path, if its parent directory is missing.
func (d *decider) orphaned(c *apply.Change) (reason string, err error) {
	parent := path.Dir(c.Path)
	if !c.Exists() || c.Op == record.OpChmod || parent == "." {
		return "", nil
	}
	if up := d.changes.Get(parent); up != nil && up.Op == record.OpMkdir {
		return "", nil
	}
	missing := fmt.Sprintf("parent directory %s does not exist", parent)
	for dir := parent; dir != "."; dir = path.Dir(dir) {
		up := d.changes.Get(dir)
		if up != nil && up.Op != record.OpChmod && (up.Op != record.OpMkdir || up.Before == apply.RemovedAll) {
			return missing, nil
		}
	}
	fi, err := d.tree.root.Stat(parent)
	switch {
	case fsx.IsNotExist(err):
		return missing, nil
	case err == nil && !fi.IsDir():
		return fmt.Sprintf("parent directory %s is a %s", parent, fsx.KindOf(fi.Mode())), nil
	}
	return "", err
}

// checkStaged changes the verdict when the content in staging can't be used.
func (d *decider) checkStaged(c *apply.Change, found observation, v verdict) (verdict, error) {
	staged, err := d.tree.lstatStaged(c.Payload.Name)
	if fsx.IsNotExist(err) {
		if d.tree.alreadyDone(c.Intent, found) {
			return verdict{reason: "already in place", inPlace: true}, nil
		}
		return verdict{decision: SetAside, reason: "its content is missing in staging"}, nil
	}
	if err != nil || c.Payload.Kind == record.PayloadLinked {
		return v, err // a linked file may have been written to since, and is moved as it is
	}
	size, hash, err := d.tree.hashStaged(c.Payload.Name)
	switch {
	case err != nil:
		return verdict{}, err
	case size == c.Payload.Size && hash == c.Payload.Hash:
		return v, nil
	case found.info != nil && os.SameFile(found.info, staged):
		return verdict{decision: KeepFound, reason: "the file was changed in place"}, nil
	}
	return verdict{decision: SetAside, reason: "its content in staging is damaged", rescue: rescueStaged}, nil
}

// wasRemoved reports whether a transaction removed what was at the path, by itself or
// with the tree around it, and did not describe what it was.
func (d *decider) wasRemoved(c *apply.Change) bool {
	if c.Replaced.IsFile() {
		return false
	}
	removed := c.Before != apply.AsIs
	for dir := path.Dir(c.Path); dir != "." && !removed; dir = path.Dir(dir) {
		up := d.changes.Get(dir)
		removed = up != nil && up.Before == apply.RemovedAll
	}
	return removed
}

// removeAllBut replaces the removal of the tree at c.Path by that of everything in it
// except the edited files and the directories above them.
func (d *decider) removeAllBut(edited []string, c *apply.Change) error {
	stay := map[string]bool{c.Path: true}
	for _, p := range edited {
		if d.changes.Get(p) == nil {
			d.actions = append(d.actions, Action{Path: p, Op: c.Op.String(), Tx: c.Tx, LSN: d.lsn[c.Tx],
				Decision: KeepFound, Reason: "it was changed after the crash"})
		}
		for ; p != c.Path; p = path.Dir(p) {
			stay[p] = true
		}
	}
	err := d.tree.walk(c.Path, func(p string, _ fs.DirEntry) error {
		if !stay[p] && d.changes.Get(p) == nil {
			d.changes.Add(record.Intent{Tx: c.Tx, Op: record.OpRemove, Path: p})
		}
		return nil
	})
	if err == nil && c.Op == record.OpMkdir {
		kept := *c
		kept.Before = apply.AsIs
		d.changes.Put(&kept)
	}
	return err
}

// staysNonempty reports whether c removes a directory in which something stays.
func (d *decider) staysNonempty(c *apply.Change) bool {
	if c.Op != record.OpRemove && (c.Before != apply.Removed || c.Op == record.OpMkdir || c.Op == record.OpChmod) {
		return false
	}
	return slices.ContainsFunc(d.tree.children(c.Path), func(p string) bool {
		child := d.changes.Get(p)
		return child == nil || child.Exists()
	})
}

// conclude reports the verdict, and collects what it puts into lost+found.
func (d *decider) conclude(c *apply.Change, v verdict) {
	d.actions = append(d.actions, Action{Path: c.Path, Op: c.Op.String(), Tx: c.Tx, LSN: d.lsn[c.Tx],
		Decision: v.decision, Reason: v.reason})
	if v.inPlace {
		d.inPlace = append(d.inPlace, c.Path)
	}
	switch v.rescue {
	case rescueFound:
		d.rescues = append(d.rescues, foundAt(d.tree, c.Path))
	case rescueStaged:
		d.rescues = append(d.rescues, stagedFor(d.tree, c))
	case rescueLogged:
		d.rescues = append(d.rescues, loggedFor(d.tree, c)...)
	}
}

func kindOf(found observation) string { return fsx.KindOf(found.mode()) }
