package recovery

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// verdict is what is to be done about one path.
type verdict struct {
	Decision
	reason string
	ours   bool // what the log says goes to lost+found
	theirs bool // what is there goes to lost+found
	staged bool // the damaged file in staging goes to lost+found
	there  bool // it is as it shall be, and only has to be fsynced
}

// considerAll decides about each path: parents first, since a path depends on its
// directory; and then about directories that have to go, children first.
func (a *analysis) considerAll() error {
	verdicts := make(map[string]verdict)
	for _, c := range a.set.Changes() {
		if err := a.ctx.Err(); err != nil {
			return err
		}
		if a.set.Get(c.Path) != c {
			continue
		}
		v, err := a.consider(c)
		if err != nil && passes(err) {
			return fmt.Errorf("recovery: look at %s: %w", c.Path, err)
		}
		if err != nil {
			v = verdict{Decision: SetAside, reason: plain(err), ours: true}
		}
		if v.Decision == Keep || v.Decision == SetAside || v.there {
			a.set.Delete(c.Path)
			a.conclude(c, v)
			continue
		}
		verdicts[c.Path] = v
	}
	for _, c := range slices.Backward(a.set.Changes()) {
		v := verdicts[c.Path]
		if v.Decision == Redo && a.stays(c) {
			v = verdict{Decision: SetAside, reason: "the directory there is not empty", ours: true}
			a.set.Delete(c.Path)
		}
		a.conclude(c, v)
	}
	return nil
}

// conclude notes the verdict, and what it puts into lost+found.
func (a *analysis) conclude(c *apply.Change, v verdict) {
	a.act(c, v.Decision, v.reason)
	if v.there {
		a.settled = append(a.settled, c.Path)
	}
	switch {
	case v.theirs:
		a.keepTheirs(c.Path)
	case v.staged:
		a.keepStaged(c)
	case v.ours:
		a.keepOurs(c)
	}
}

// consider decides about one path. An error that does not pass means that the path
// can't be reached.
func (a *analysis) consider(c *apply.Change) (verdict, error) {
	if a.offLimits(c.Path, c.Op) {
		return verdict{Decision: SetAside, reason: "the path leads into the journal directory", ours: true}, nil
	}
	if reason, err := a.orphaned(c); reason != "" || err != nil {
		return verdict{Decision: SetAside, reason: reason, ours: true}, err
	}
	s, err := a.look(c.Path)
	if err != nil {
		return verdict{}, err
	}
	switch c.Op {
	case record.OpPut, record.OpSymlink:
		return a.considerPut(c, s)
	case record.OpMkdir:
		return a.considerMkdir(c, s)
	case record.OpRemove, record.OpRemoveAll:
		return a.considerRemove(c, s)
	default:
		return considerChmod(s), nil
	}
}

// orphaned says why nothing can be made at c.Path, if its directory is not there.
func (a *analysis) orphaned(c *apply.Change) (reason string, err error) {
	parent := path.Dir(c.Path)
	if !c.Exists() || c.Op == record.OpChmod || parent == "." {
		return "", nil
	}
	if up := a.set.Get(parent); up != nil && up.Op == record.OpMkdir {
		return "", nil
	}
	for dir := parent; dir != "."; dir = path.Dir(dir) {
		up := a.set.Get(dir)
		if up != nil && up.Op != record.OpChmod && (up.Op != record.OpMkdir || up.Before == apply.RemovedAll) {
			return fmt.Sprintf("its directory %s is not there", parent), nil
		}
	}
	fi, err := a.root.Stat(parent)
	switch {
	case fsx.IsNotExist(err):
		return fmt.Sprintf("its directory %s is gone", parent), nil
	case err == nil && !fi.IsDir():
		return fmt.Sprintf("its directory %s is now a %s", parent, kindOf(fi.Mode())), nil
	}
	return "", err
}

func (a *analysis) considerPut(c *apply.Change, s sight) (verdict, error) {
	var v verdict
	switch {
	case s.info == nil:
	case s.mode().IsDir():
		if reason, err := a.blocked(c); reason != "" || err != nil {
			return verdict{Decision: SetAside, reason: reason, ours: true}, err
		}
	case !s.mode().IsRegular() && s.mode()&fs.ModeSymlink == 0:
		return verdict{Decision: SetAside, reason: "its place is taken by a " + kindOf(s.mode()), ours: true}, nil
	case s.foreign():
		return keepNewer(s), nil
	case !s.known && !a.meant(c):
		v = verdict{Decision: Displace, reason: "what was there is not known to the log", theirs: true}
	}
	if c.Op == record.OpPut && c.Payload.Kind != record.PayloadInline {
		return a.considerStaged(c, s, v)
	}
	return v, nil
}

func keepNewer(s sight) verdict {
	return verdict{Decision: Keep, reason: fmt.Sprintf("the %s was changed after the crash", kindOf(s.mode())), ours: true}
}

// meant reports whether a transaction has removed what is there, by itself or with
// the tree that it is in, and did not note what it was: then it is what it was.
func (a *analysis) meant(c *apply.Change) bool {
	if c.Replaced.IsFile() {
		return false
	}
	removed := c.Before != apply.AsIs
	for dir := path.Dir(c.Path); dir != "." && !removed; dir = path.Dir(dir) {
		up := a.set.Get(dir)
		removed = up != nil && up.Before == apply.RemovedAll
	}
	return removed
}

// blocked says why a directory can't give way to a file.
func (a *analysis) blocked(c *apply.Change) (reason string, err error) {
	switch c.Before {
	case apply.AsIs:
		return "its place is now a directory", nil
	case apply.RemovedAll:
		newer, err := a.newerIn(c.Path)
		if len(newer) > 0 {
			return fmt.Sprintf("in the directory there, %s was changed after the crash", newer[0]), nil
		}
		return "", err
	}
	return "", nil
}

// considerStaged checks content that lies in staging.
func (a *analysis) considerStaged(c *apply.Change, s sight, v verdict) (verdict, error) {
	staged, err := a.staged(c.Payload.Name)
	if fsx.IsNotExist(err) {
		if a.holds(c, s) {
			return verdict{reason: "already in place", there: true}, nil
		}
		return verdict{Decision: SetAside, reason: "its content is missing in staging"}, nil
	}
	if err != nil || c.Payload.Kind == record.PayloadLinked {
		return v, err // a linked file is whatever it was, and may have grown since
	}
	size, hash, err := a.hashStaged(c.Payload.Name)
	switch {
	case err != nil:
		return verdict{}, err
	case size == c.Payload.Size && hash == c.Payload.Hash:
		return v, nil
	case s.info != nil && os.SameFile(s.info, staged):
		return verdict{Decision: Keep, reason: "the file was changed in place"}, nil
	}
	return verdict{Decision: SetAside, reason: "its content in staging is damaged", staged: true}, nil
}

// holds reports whether the path has what the change wants there, by its own look.
func (a *analysis) holds(c *apply.Change, s sight) bool {
	if s.info == nil || !s.mode().IsRegular() || s.info.Size() != c.Payload.Size {
		return false
	}
	only := &history{}
	only.add(c.Intent)
	only.stamps, only.versions = nil, nil
	if c.Payload.Kind == record.PayloadLinked {
		return stampOf(s.info) == stamp{c.Payload.Size, c.Payload.MTime}
	}
	known, err := a.knows(c.Path, s.info, only)
	return err == nil && known
}

func (a *analysis) considerMkdir(c *apply.Change, s sight) (verdict, error) {
	switch {
	case s.info == nil:
		return verdict{}, nil
	case s.mode().IsDir():
		if c.Before == apply.RemovedAll {
			return a.spare(c)
		}
		return verdict{}, nil
	case c.Before == apply.AsIs:
		if fi, err := a.root.Stat(c.Path); err == nil && fi.IsDir() {
			return verdict{Decision: Keep, reason: "a link to a directory is there now"}, nil
		}
		return verdict{Decision: SetAside, reason: "its place is now a " + kindOf(s.mode())}, nil
	}
	return removeOne(c, s), nil
}

func (a *analysis) considerRemove(c *apply.Change, s sight) (verdict, error) {
	switch {
	case s.info == nil:
		return verdict{}, nil
	case !s.mode().IsDir():
		return removeOne(c, s), nil
	case c.Op == record.OpRemoveAll:
		return a.spare(c)
	}
	return verdict{}, nil
}

// removeOne decides about something that has to go and is not a directory.
func removeOne(c *apply.Change, s sight) verdict {
	switch {
	case s.foreign():
		return keepNewer(s)
	case s.known, !s.mode().IsRegular(), !c.Replaced.IsFile():
		return verdict{}
	}
	return verdict{Decision: Displace, reason: "what was there is not known to the log", theirs: true}
}

func considerChmod(s sight) verdict {
	switch {
	case s.info == nil:
		return verdict{Decision: SetAside, reason: "nothing is there any more"}
	case s.mode()&fs.ModeSymlink != 0:
		return verdict{Decision: SetAside, reason: "a symbolic link is there now"}
	}
	return verdict{}
}

// stays reports whether a directory that has to go can't, since something in it
// stays.
func (a *analysis) stays(c *apply.Change) bool {
	if c.Op != record.OpRemove && (c.Before != apply.Removed || c.Op == record.OpMkdir || c.Op == record.OpChmod) {
		return false
	}
	fi, err := a.root.Lstat(c.Path)
	if err != nil || !fi.IsDir() {
		return false // the step itself will say
	}
	dir, err := a.root.Open(c.Path)
	if err != nil {
		return false
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	return err == nil && slices.ContainsFunc(names, func(name string) bool {
		child := a.set.Get(path.Join(c.Path, name))
		return child == nil || child.Exists()
	})
}

// plain leaves out of an error what the report says already.
func plain(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
