package inspect

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// ErrInPlace: salvage was asked to write where the journal or its tree is.
var ErrInPlace = errors.New("salvage writes into a new directory outside the tree, never in place")

// Salvaged is what became of one path.
type Salvaged struct {
	Path   string      `json:"path"`
	Op     string      `json:"op"`
	Tx     record.TxID `json:"tx"`
	Result string      `json:"result"` // "written", "removed" or "lost"
	Detail string      `json:"detail,omitempty"`
}

// Salvage writes the state that the intact part of the log describes into the new
// directory out: of each path the last version. Files that the log does not name
// are left out: they are in the tree, as they were. Set-id bits are dropped.
//
// A path that can't be written is Lost, and the rest goes on. Memory is needed for
// each path, not for its content.
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
	if err := os.Mkdir(out, 0o700); err != nil {
		return nil, log, err
	}
	if s.out, err = os.OpenRoot(out); err != nil {
		return nil, log, err
	}
	defer s.out.Close()
	err = s.run(ctx)
	return s.sorted(), log, err
}

// outside returns the real path of out, which must not lie in the tree.
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
			return "", fmt.Errorf("%w: %s", ErrInPlace, quote(abs))
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

// fold keeps the last version of each path, without its content.
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

// run writes directories, then files as the log comes by them, and last links, so
// that nothing is written through one, and modes.
func (s *salvager) run(ctx context.Context) error {
	changes := s.set.Changes()
	for _, c := range changes {
		switch c.Op {
		case record.OpMkdir:
			s.result(c, s.out.MkdirAll(c.Path, 0o700))
		case record.OpRemove, record.OpRemoveAll:
			s.results[c.Path] = Salvaged{Path: c.Path, Op: c.Op.String(), Tx: c.Tx, Result: "removed"}
		case record.OpChmod:
			s.result(c, errors.New("its content is not in the log; look in the tree"))
		}
	}
	_, err := s.journal.Scan(ctx, func(g *segment.Group) error {
		for i := range g.Content.Txs {
			if tx := &g.Content.Txs[i]; tx.Committed() {
				s.files(g.Header.LSN, tx)
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
		if c.Op == record.OpMkdir && s.results[c.Path].Result == "written" {
			s.result(c, s.out.Chmod(c.Path, c.Mode.Perm()))
		}
	}
	return nil
}

// files writes those of a transaction's files that are the last version.
func (s *salvager) files(lsn record.LSN, tx *record.Tx) {
	for _, i := range tx.Intents {
		c := s.set.Get(i.Path)
		if c == nil || c.Op != record.OpPut || i.Op != record.OpPut || s.results[i.Path].Result == "written" {
			continue
		}
		data := i.Payload.Data
		i.Payload.Data = nil
		if samePayload(&i.Payload, &c.Payload) {
			s.result(c, s.file(c, Version{lsn, i}, data))
		}
	}
}

func samePayload(a, b *record.Payload) bool {
	return a.Kind == b.Kind && a.Size == b.Size && a.Hash == b.Hash && a.Name == b.Name && a.MTime == b.MTime
}

func (s *salvager) file(c *apply.Change, v Version, inline []byte) error {
	if err := s.out.MkdirAll(path.Dir(c.Path), 0o700); err != nil {
		return err
	}
	file, err := s.out.OpenFile(c.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	err = s.journal.CopyPayload(file, &v, inline)
	if err == nil {
		err = file.Chmod(c.Mode.Perm())
	}
	if err == nil {
		// Who salvages removes the original next: what is said to be written must be.
		err = file.Sync()
	}
	if err != nil {
		return errors.Join(err, s.out.Remove(c.Path)) // half a file is no file
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
	r := Salvaged{Path: c.Path, Op: c.Op.String(), Tx: c.Tx, Result: "written"}
	if err != nil {
		r.Result, r.Detail = "lost", err.Error()
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

// SalvagedText writes the results for people.
func SalvagedText(p *Printer, all []Salvaged) {
	styles := map[string]Style{"written": Green, "lost": Red}
	t := Table{}
	for _, r := range all {
		t.Row(styled(styles[r.Result], r.Result), cell("%s", r.Op), cell("tx %d", r.Tx), cell("%s", quote(r.Path)), cell("%s", r.Detail))
	}
	t.Print(p)
}
