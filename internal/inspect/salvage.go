package inspect

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// ErrInPlace is returned when salvage is asked to write below the tree or the journal
// directory.
var ErrInPlace = errors.New("salvage writes into a new directory outside the tree, never in place")

// The results of salvaging a path.
const (
	SalvageWritten = "written"
	SalvageRemoved = "removed" // the last transaction removed it
	SalvageLost    = "lost"
)

// Salvaged is what became of one path.
type Salvaged struct {
	Path   string      `json:"path"`
	Op     string      `json:"op"`
	Tx     record.TxID `json:"tx"`
	Result string      `json:"result"` // "written", "removed" or "lost"
	Detail string      `json:"detail,omitempty"`
}

// Salvage writes the files that the intact part of the log describes into the new
// directory out, of each path the last version. Files that the log does not name are
// left out: the tree still has them. Set-user-id and set-group-id bits are dropped.
//
// A path that can't be written is lost, and the others are still written. It needs
// memory for each path, but not for its content.
func (j *Journal) Salvage(ctx context.Context, out string) ([]Salvaged, *Log, error) {
	out, err := j.outside(out)
	if err != nil {
		return nil, nil, err
	}
	s := &salvager{journal: j, results: make(map[string]Salvaged)}
	log, err := j.Scan(ctx, func(g *segment.Group) error {
		s.fold(g)
		return nil
	})
	if err != nil {
		return nil, log, err
	}
	if err := os.Mkdir(out, 0o700); errors.Is(err, fs.ErrExist) {
		return nil, log, fmt.Errorf("%w; name a directory that does not exist", err)
	} else if err != nil {
		return nil, log, err
	}
	if s.out, err = os.OpenRoot(out); err != nil {
		return nil, log, err
	}
	defer s.out.Close()
	if err = s.run(ctx); err == nil {
		err = syncDirs(out)
	}
	return s.sorted(), log, err
}

// syncDirs makes the names below dir durable, and its own: without that a power loss
// after the original was removed could leave neither.
func syncDirs(dir string) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return fsx.SyncDir(path)
	})
	return errors.Join(err, fsx.SyncDir(filepath.Dir(dir)))
}

// outside returns the real path of out, which must not be in the tree.
func (j *Journal) outside(out string) (string, error) {
	abs, err := filepath.Abs(out)
	if err != nil {
		return "", err
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return "", err
	}
	abs = filepath.Join(parent, filepath.Base(abs))
	for _, dir := range []string{j.Root, j.Dir} {
		dir, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return "", err
		}
		if rel, err := filepath.Rel(dir, abs); err == nil && filepath.IsLocal(rel) {
			return "", fmt.Errorf("%w: %s", ErrInPlace, wording.Quote(abs))
		}
	}
	return abs, nil
}

type salvager struct {
	journal *Journal
	out     *os.Root
	set     apply.Set
	results map[string]Salvaged
}

// fold adds the last version of each path, without its content.
func (s *salvager) fold(g *segment.Group) {
	for i := range g.Content.Txs {
		tx := &g.Content.Txs[i]
		if !tx.Committed() {
			continue
		}
		for _, intent := range tx.Intents {
			data := intent.Payload.Data // it aliases the log's buffer
			intent.Payload.Data = nil
			if intent.Op == record.OpSymlink {
				intent.Payload.Data = bytes.Clone(data)
			}
			s.set.Add(intent)
		}
	}
}

// run writes directories, then files in the order of the log, and then links, so that
// nothing is written through a link. Modes of directories come last.
func (s *salvager) run(ctx context.Context) error {
	changes := s.set.Changes()
	for _, c := range changes {
		switch c.Op {
		case record.OpMkdir:
			s.result(c, s.out.MkdirAll(c.Path, 0o700))
		case record.OpRemove, record.OpRemoveAll:
			s.results[c.Path] = Salvaged{Path: c.Path, Op: c.Op.String(), Tx: c.Tx, Result: SalvageRemoved}
		case record.OpChmod:
			s.result(c, errors.New("its content is not in the log; look in the tree"))
		}
	}
	_, err := s.journal.Scan(ctx, func(g *segment.Group) error {
		for i := range g.Content.Txs {
			if tx := &g.Content.Txs[i]; tx.Committed() {
				s.files(ctx, g.Header.LSN, tx)
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	for _, c := range changes {
		if c.Op == record.OpSymlink {
			s.result(c, s.link(c))
		}
	}
	for _, c := range slices.Backward(changes) {
		if c.Op == record.OpMkdir && s.results[c.Path].Result == SalvageWritten {
			s.result(c, s.out.Chmod(c.Path, c.Mode.Perm()))
		}
	}
	return nil
}

// files writes those of a transaction's files that are the last version.
func (s *salvager) files(ctx context.Context, lsn record.LSN, tx *record.Tx) {
	for _, i := range tx.Intents {
		c := s.set.Get(i.Path)
		if c == nil || c.Op != record.OpPut || i.Op != record.OpPut || s.results[i.Path].Result == SalvageWritten {
			continue
		}
		data := i.Payload.Data
		i.Payload.Data = nil
		if samePayload(&i.Payload, &c.Payload) {
			s.result(c, s.file(ctx, c, Version{i, lsn}, data))
		}
	}
}

func samePayload(a, b *record.Payload) bool {
	return a.Kind == b.Kind && a.Size == b.Size && a.Hash == b.Hash && a.Name == b.Name && a.MTime == b.MTime
}

func (s *salvager) file(ctx context.Context, c *apply.Change, v Version, inline []byte) error {
	if err := s.out.MkdirAll(path.Dir(c.Path), 0o700); err != nil {
		return err
	}
	file, err := s.out.OpenFile(c.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	err = s.journal.CopyPayload(ctx, file, &v, inline)
	if err == nil {
		err = file.Chmod(c.Mode.Perm())
	}
	if err == nil {
		// Against a power loss after the original was removed: what is reported as
		// written must be durable.
		err = file.Sync()
	}
	if err != nil {
		return errors.Join(err, s.out.Remove(c.Path)) // an incomplete file must not pass for a whole one
	}
	return file.Close()
}

func (s *salvager) link(c *apply.Change) error {
	if err := s.out.MkdirAll(path.Dir(c.Path), 0o700); err != nil {
		return err
	}
	return s.out.Symlink(string(c.Payload.Data), c.Path)
}

func (s *salvager) result(c *apply.Change, err error) {
	r := Salvaged{Path: c.Path, Op: c.Op.String(), Tx: c.Tx, Result: SalvageWritten}
	if err != nil {
		r.Result, r.Detail = SalvageLost, err.Error()
	}
	s.results[c.Path] = r
}

func (s *salvager) sorted() []Salvaged {
	var all []Salvaged
	for _, r := range s.results {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Salvaged) int { return cmp.Compare(a.Path, b.Path) })
	return all
}
