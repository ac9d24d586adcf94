package recovery

import (
	"io/fs"
	"path"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// spare lets files that were changed after the crash survive the removal of the
// tree that they are in: if there are any, the removal of the tree becomes that of
// everything else in it.
func (a *analysis) spare(c *apply.Change) (verdict, error) {
	newer, err := a.newerIn(c.Path)
	if err != nil || len(newer) == 0 {
		return verdict{}, err
	}
	stay := map[string]bool{c.Path: true}
	for _, p := range newer {
		if a.set.Get(p) == nil {
			a.report.Actions = append(a.report.Actions, Action{Path: p, Op: c.Op.String(), Tx: c.Tx, LSN: a.lsn[c.Tx],
				Decision: Keep, Reason: "it was changed after the crash"})
		}
		for ; p != c.Path; p = path.Dir(p) {
			stay[p] = true
		}
	}
	err = a.walk(c.Path, func(p string, _ fs.DirEntry) error {
		if !stay[p] && a.set.Get(p) == nil {
			a.set.Add(record.Intent{Tx: c.Tx, Op: record.OpRemove, Path: p})
		}
		return nil
	})
	if err != nil {
		return verdict{}, err
	}
	if c.Op == record.OpMkdir {
		made := *c
		made.Before = apply.AsIs
		a.set.Put(&made)
		return verdict{}, nil
	}
	return verdict{Decision: Keep, reason: "files in it were changed after the crash"}, nil
}

// newerIn lists what lies below dir and was changed after the crash.
func (a *analysis) newerIn(dir string) (newer []string, err error) {
	err = a.walk(dir, func(p string, e fs.DirEntry) error {
		if e.IsDir() {
			return nil
		}
		foreign, err := a.isForeign(p)
		if foreign {
			newer = append(newer, p)
		}
		return err
	})
	return newer, err
}

// walk visits everything below dir, and follows no links.
func (a *analysis) walk(dir string, visit func(string, fs.DirEntry) error) error {
	return fs.WalkDir(a.root.FS(), dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil {
			err = a.ctx.Err()
		}
		if err != nil || p == dir {
			return fsx.IgnoreNotExist(err)
		}
		return visit(p, e)
	})
}
