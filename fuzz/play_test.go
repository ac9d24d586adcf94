//go:build linux && (amd64 || arm64)

package fuzz

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/forewrite/forewrite/fuzz/crashfs"
	"github.com/forewrite/forewrite/journal"
	"github.com/forewrite/forewrite/journal/record"
)

// outcome is what a transaction came to.
type outcome uint8

const (
	absent    outcome = iota // rolled back, or Commit failed cleanly
	committed                // Commit returned nil
	unknown                  // Commit said that only the next Open will tell
)

// txn is a transaction that was played.
type txn struct {
	id      record.TxID
	ops     []op // those that succeeded
	outcome outcome
	err     error
}

// history is a played workload: what was there at first, and every transaction in
// commit order. The trace has a mark "ack" with the number of a transaction, from
// 1, right after its Commit returned nil.
type history struct {
	start tree
	txs   []*txn
	trace crashfs.Trace
	acked int // transactions acknowledged before the trace begins
	opts  journal.Options
}

// player runs a workload on a crashfs.
type player struct {
	t     testing.TB
	fs    *crashfs.FS
	j     *journal.Journal
	past  []*journal.Journal // of processes that were killed
	used  []*crashfs.FS      // to be given back
	h     history
	fault *crashfs.Fault // set when everything is made
	errs  []error        // of Open, Close and Checkpoint

	// With a fault, what shows that the journal did not take it well.
	broken   []error
	seen     int  // operations that count
	hits     int  // and those that failed
	poisoned bool // a commit said so
	doubtful bool // a transaction is unknown: the model can't say what is right
	model    tree // after what was committed
}

// play runs the workload and returns its history, with everything closed.
func play(t testing.TB, w workload, fault *crashfs.Fault) *player {
	t.Helper()
	p := &player{t: t, fault: fault, h: history{start: tree{}}}
	p.borrow()
	defer p.giveBack()
	p.h.opts = journal.Options{SegmentSize: 4096, CheckpointIdle: -1, LockTimeout: time.Second}
	at := p.setup(w.commands)
	p.model = maps.Clone(p.h.start)
	for _, c := range w.commands[at:] {
		p.command(c)
	}
	p.h.trace = p.fs.Trace()
	p.count()
	return p
}

func (p *player) borrow() {
	fs, err := takeMount()
	if errors.Is(err, crashfs.ErrUnavailable) {
		p.t.Skip(err)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.fs = fs
	p.used = append(p.used, fs)
}

// giveBack closes what the workload left open: its process is dead, and what it
// says does not count any more.
func (p *player) giveBack() {
	if p.j != nil {
		p.past = append(p.past, p.j)
	}
	for _, fs := range p.used {
		fs.SetFault(crashfs.Fault{})
	}
	for _, j := range p.past {
		j.Close()
	}
	for _, fs := range p.used {
		giveBack(fs)
	}
}

// setup makes what is there before the journal, and returns how many commands
// that were.
func (p *player) setup(commands []command) int {
	at := 0
	for ; at < len(commands) && verb(setupVerbs, commands[at].verb); at++ {
		c := commands[at]
		name := filepath.Join(p.fs.Dir(), c.a)
		switch c.verb {
		case "file":
			os.WriteFile(name, []byte(c.content()), 0o644)
		case "dir":
			os.MkdirAll(name, 0o755)
		case "link":
			os.Symlink(c.b, name)
		case "segment":
			p.h.opts.SegmentSize = int64(max(4096, min(c.n, 1<<20)))
		case "inline":
			p.h.opts.InlineLimit = int64(max(1, min(c.n, 1<<20)))
		}
	}
	var err error
	if p.h.start, err = readTree(p.fs.Dir()); err != nil {
		p.t.Fatal(err)
	}
	p.fs.Settle()
	if p.fault != nil {
		p.fs.SetFault(*p.fault)
	}
	return at
}

func (p *player) command(c command) {
	ctx := context.Background()
	switch c.verb {
	case "open":
		p.open()
	case "close":
		p.close()
	case "checkpoint":
		if p.j != nil {
			p.note(p.j.Checkpoint(ctx))
		}
	case "tx":
		if p.j != nil {
			tx := p.tx(c.txs[0], c.end, len(p.h.txs)+1)
			p.h.txs = append(p.h.txs, tx)
			p.learn(tx)
		}
	case "par":
		if p.j != nil {
			p.par(c.txs)
		}
	case "kill":
		p.kill(p.fs.Trace())
	case "powerloss":
		if p.j != nil {
			tr := p.fs.Trace()
			p.h.acked += acks(tr.Ops)
			s := crashfs.Explorer{Trace: tr, Seed: uint64(c.n)}.Draw()
			p.kill(crashfs.Trace{Start: s.Image()})
		}
	}
}

func acks(ops []crashfs.Op) (n int) {
	for _, o := range ops {
		if o.Kind == crashfs.KindMark && o.Name == "ack" {
			n++
		}
	}
	return n
}

func (p *player) note(err error) {
	if err != nil {
		p.errs = append(p.errs, err)
	}
}

func (p *player) open() {
	if p.j != nil {
		return
	}
	opts := p.h.opts
	j, err := journal.Open(context.Background(), p.fs.Dir(), &opts)
	if p.note(err); err != nil && p.fault != nil {
		p.count()
		p.fs.SetFault(crashfs.Fault{})
		if j, err = journal.Open(context.Background(), p.fs.Dir(), &opts); err != nil {
			p.broken = append(p.broken, fmt.Errorf("open, when the fault was gone: %w", err))
		}
	}
	if p.poisoned = false; err == nil {
		p.j = j
	}
}

func (p *player) close() {
	if p.j == nil {
		return
	}
	p.note(p.j.Close())
	p.j = nil
}

// kill ends the process: the journal lives on, as it can't be killed alone, but
// in a file system that is the past.
func (p *player) kill(left crashfs.Trace) {
	if p.j == nil {
		return
	}
	p.past = append(p.past, p.j)
	p.j = nil
	p.count()
	p.borrow()
	p.fs.Load(left)
	if p.fault != nil && p.hits == 0 {
		rest := *p.fault
		rest.N -= p.seen
		p.fs.SetFault(rest)
	}
}

// count adds up what the fault has counted on a file system that is left.
func (p *player) count() {
	seen, hits := p.fs.Faults()
	p.seen += seen
	p.hits += hits
}

// learn keeps the model in step, and compares with it what the transaction said
// when the only fault was over before it began.
func (p *player) learn(tx *txn) {
	if tx.outcome == unknown {
		p.doubtful = true
		p.poisoned = p.poisoned || errors.Is(tx.err, journal.ErrPoisoned)
	}
	if tx.outcome == committed {
		if p.poisoned {
			p.broken = append(p.broken, errors.New("a commit succeeded on a poisoned journal"))
		}
		for _, o := range tx.ops {
			p.model.do(o)
		}
	}
}

// tx runs one transaction. n is its number in the trace, 0 for none.
func (p *player) tx(ops []op, end string, n int) *txn {
	ctx := context.Background()
	out := &txn{}
	tx, err := p.j.Begin(ctx)
	if err != nil {
		out.err = err
		return out
	}
	defer tx.Rollback()
	out.id = tx.ID()
	calm, model, refused := p.calm(n), maps.Clone(p.model), false
	for _, o := range ops {
		err := do(tx, o)
		if err == nil {
			out.ops = append(out.ops, o)
		} else {
			out.err = err
		}
		switch wrong := model.do(o); {
		case wrong != nil && err == nil && (o.verb == "write" || o.verb == "create"):
			refused = true // Commit will say so
		case calm && (err == nil) != (wrong == nil):
			p.broken = append(p.broken, fmt.Errorf("after the fault was over, %s %s: %v, want %v", o.verb, o.a, err, wrong))
		}
	}
	if end == "rollback" {
		tx.Rollback()
		return out
	}
	out.err = tx.Commit()
	if calm && (out.err != nil) != refused {
		p.broken = append(p.broken, fmt.Errorf("after the fault was over: commit: %v", out.err))
	}
	switch {
	case out.err == nil:
		out.outcome = committed
		if n > 0 {
			p.fs.Mark("ack", n)
		}
	case errors.Is(out.err, journal.ErrCommitted), errors.Is(out.err, journal.ErrPoisoned):
		out.outcome = unknown
	}
	return out
}

// calm reports whether transaction n has to work like any other: the fault came
// once, it is over, and the journal did not take harm from it.
func (p *player) calm(n int) bool {
	if p.fault == nil || p.fault.Sticky || p.poisoned || p.doubtful || n == 0 {
		return false
	}
	seen, hits := p.fs.Faults()
	need := 1
	if p.fault.Short {
		need = 2 // the write after the short one fails
	}
	return p.hits+hits >= need && p.seen+seen > p.fault.N+1
}

// par runs transactions side by side. Their order is what the log says, so the
// marks wait until all of them are done.
func (p *player) par(txs [][]op) {
	outs := make([]*txn, len(txs))
	var wg sync.WaitGroup
	for i, ops := range txs {
		wg.Go(func() { outs[i] = p.tx(ops, "commit", 0) })
	}
	wg.Wait()
	order := logged(p.fs.Trace().Ops)
	slices.SortStableFunc(outs, func(a, b *txn) int { return slices.Index(order, a.id) - slices.Index(order, b.id) })
	poisoned := p.poisoned
	for _, tx := range outs {
		p.h.txs = append(p.h.txs, tx)
		p.poisoned = poisoned // not by its neighbours
		p.learn(tx)
		if tx.outcome == committed {
			p.fs.Mark("ack", len(p.h.txs))
		}
	}
	p.poisoned = slices.ContainsFunc(outs, func(tx *txn) bool { return errors.Is(tx.err, journal.ErrPoisoned) })
}

// logged returns the transactions in the order in which the log has them.
func logged(ops []crashfs.Op) []record.TxID {
	var ids []record.TxID
	for _, o := range ops {
		_, n := binary.Uvarint(o.Data)
		if o.Kind != crashfs.KindWrite || n <= 0 || len(o.Data) < n+record.HeaderSize || string(o.Data[n:n+3]) != record.Magic {
			continue
		}
		c, err := record.Parse(o.Data[n+record.HeaderSize:])
		if err != nil {
			continue
		}
		for _, tx := range c.Txs {
			ids = append(ids, tx.ID)
		}
	}
	return ids
}

// possible is what recovery may make of a crash: by its hash, each tree that some
// number of transactions leaves, with the largest such number.
type possible struct {
	upTo  map[uint64]int
	trees []tree // after each number of transactions, those unknown left out
}

func (h *history) possible() possible {
	out := possible{upTo: map[uint64]int{}}
	fronts := []tree{h.start}
	out.upTo[h.start.hash()] = 0
	out.trees = append(out.trees, h.start)
	for i, tx := range h.txs {
		var next []tree
		for _, t := range fronts {
			if tx.outcome != committed {
				next = append(next, t)
			}
			if tx.outcome != absent {
				after := maps.Clone(t)
				for _, o := range tx.ops {
					after.do(o) // it succeeded: the test of the model sees to that
				}
				next = append(next, after)
			}
		}
		fronts = nil
		for _, t := range next {
			hash := t.hash()
			if out.upTo[hash] <= i || len(fronts) == 0 {
				fronts = append(fronts, t)
			}
			out.upTo[hash] = i + 1
		}
		out.trees = append(out.trees, fronts[0])
	}
	return out
}

// required returns how many transactions must be there after a crash that comes
// after n operations: as many as up to the last one acknowledged.
func (h *history) required(n int) int {
	last := 0
	if h.acked > 0 {
		last = h.ackedTx()
	}
	for _, o := range h.trace.Ops[:n] {
		if o.Kind == crashfs.KindMark && o.Name == "ack" {
			last = max(last, int(o.Size))
		}
	}
	return last
}

// ackedTx is the number of the last transaction acknowledged before the trace.
func (h *history) ackedTx() int {
	n := 0
	for i, tx := range h.txs {
		if tx.outcome != committed {
			continue
		}
		if n++; n == h.acked {
			return i + 1
		}
	}
	return 0
}
