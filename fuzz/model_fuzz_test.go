//go:build unix

package fuzz

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/forewrite/forewrite/internal/testtree"
	"github.com/forewrite/forewrite/journal"
)

// FuzzTxModel plays a workload on an ordinary directory and compares everything
// that can be seen with a model in memory: which operations fail, what a
// transaction reads, what a view shows, and what is there in the end.
func FuzzTxModel(f *testing.F) {
	for _, text := range seedTexts(f) {
		f.Add(text)
	}
	f.Add("dir d\nlink d/up ..\nlink out ../..\nopen\ntx\nread d/up/x\nwrite d/up/x 5\nappend d/up/x 5\nrename d e\nwrite out 1\nchmod e/up/x 700\nwrite e/up/x 6\ncommit\n")
	f.Add("dir o/b\nfile o/b/x 5\nlink a o\nopen\ntx\nremove a\nmkdir a\nmkdir a/b\nwrite a/b/y 5\ncommit\n")
	f.Add("link a b\nlink b a\nopen\ntx\nread a\nwrite a 4\ncommit\ntx\nremove a\nmkdir a\nrename b a/b\nremoveall a\nmkdirall a/b/c\ncommit\n")
	f.Fuzz(func(t *testing.T, text string) {
		defer watch(text)()
		m := &modelled{t: t, dir: t.TempDir(), model: tree{}}
		for _, c := range parse("fuzz", text).commands {
			m.command(c)
		}
		m.close()
		m.same("in the end")
	})
}

// modelled is a journal beside its model.
type modelled struct {
	t     *testing.T
	dir   string
	opts  journal.Options
	j     *journal.Journal
	model tree
}

func (m *modelled) command(c command) {
	name := filepath.Join(m.dir, c.a)
	if m.j == nil && verb(setupVerbs, c.verb) {
		switch c.verb {
		case "file":
			os.WriteFile(name, []byte(c.content()), 0o644)
		case "dir":
			os.MkdirAll(name, 0o755)
		case "link":
			os.Symlink(c.b, name)
		case "inline":
			m.opts.InlineLimit = int64(max(1, min(c.n, 1<<20)))
		case "segment":
			m.opts.SegmentSize = int64(max(4096, min(c.n, 1<<20)))
		}
		return
	}
	switch c.verb {
	case "open":
		m.open()
	case "close", "kill", "powerloss":
		m.close()
		m.same("after Close")
	case "checkpoint":
		if m.j != nil {
			m.must(m.j.Checkpoint(context.Background()))
		}
	case "tx", "par": // one after the other: the model knows no better
		for _, ops := range c.txs {
			if m.j != nil {
				m.tx(ops, c.end == "rollback")
			}
		}
	}
}

func (m *modelled) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *modelled) open() {
	if m.j != nil {
		return
	}
	var err error
	if m.model, err = readTree(m.dir); err != nil {
		m.t.Fatal(err)
	}
	opts := m.opts
	m.j, err = journal.Open(context.Background(), m.dir, &opts)
	m.must(err)
}

func (m *modelled) close() {
	if m.j != nil {
		m.must(m.j.Close())
		m.j = nil
	}
}

func (m *modelled) same(when string) {
	m.t.Helper()
	if m.model == nil || m.t.Failed() {
		return
	}
	if _, err := os.Stat(filepath.Join(m.dir, ".journal")); err != nil {
		return // never opened
	}
	got, err := readTree(m.dir)
	m.must(err)
	if d := got.diff(m.model); d != "" {
		m.t.Errorf("%s: %s", when, d)
	}
}

func (m *modelled) tx(ops []op, rollback bool) {
	ctx := context.Background()
	tx, err := m.j.Begin(ctx)
	m.must(err)
	defer tx.Rollback()
	if _, err := tx.Stat("."); err != nil { // from here on every operation says at once what is wrong
		m.t.Fatal(err)
	}
	mine := tree{}
	for p, n := range m.model {
		mine[p] = n
	}
	for _, o := range ops {
		got, want := do(tx, o), mine.do(o)
		if !errors.Is(got, want) {
			m.t.Fatalf("%s %s %s = %v, the model says %v", o.verb, o.a, o.b, got, want)
		}
	}
	m.reads("the transaction", tx, mine)
	if rollback {
		m.must(tx.Rollback())
		m.same("after Rollback")
		return
	}
	m.must(tx.Commit())
	m.model = mine
	m.same("after Commit")
	m.must(m.j.View(ctx, func(fsys fs.FS) error {
		m.reads("the view", fsys, mine)
		return nil
	}))
}

// reads compares what an fs.FS shows with a tree.
func (m *modelled) reads(who string, fsys fs.FS, want tree) {
	got, err := testtree.ReadFS(fsys)
	if err != nil {
		m.t.Fatalf("%s: %v", who, err)
	}
	if d := tree(got).diff(want); d != "" {
		m.t.Errorf("%s: %s", who, d)
	}
}
