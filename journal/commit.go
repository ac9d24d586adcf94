package journal

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// Commit makes the transaction durable and then visible in the files. When it
// returns nil, both have happened: the changes survive kill -9 and power loss.
//
// Whatever can fail fails before the commit point, with nothing changed. After
// the commit point there are three errors, to be told by errors.Is: ErrCommitted
// (durable, the files follow at the next Open), ErrPoisoned (unknown until the
// next Open). The context counts until the transaction has its place in the
// commit order; from then on Commit waits for the outcome.
//
// After Commit the transaction is done, whatever it returned.
func (tx *Tx) Commit(ctx context.Context) error {
	if tx.done {
		return tx.fail("commit", "", ErrTxDone)
	}
	defer tx.end()
	return tx.fail("commit", "", tx.commit(ctx))
}

func (tx *Tx) commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.j.writable(); err != nil {
		return err
	}
	if tx.open > 0 {
		return fmt.Errorf("%d created files are not closed", tx.open)
	}
	if !tx.locked && len(tx.blind) == 0 {
		return nil // it neither changes nor reads anything
	}
	if !tx.locked && tx.j.active.Load() > int64(runtime.NumCPU()) {
		fsx.Yield() // or the log's fsync, for which many wait, could not get on
	}
	r, err := tx.sequence()
	if err != nil {
		return err
	}
	err = tx.j.await(r)
	if err != nil && !errors.Is(err, ErrPoisoned) && !errors.Is(err, ErrCommitted) {
		// It is not in the log, and what was prepared takes room on a full disk.
		for _, c := range r.changes {
			tx.j.files.Discard(c)
		}
		tx.staged = append(tx.staged, r.staged...)
	}
	return err
}

// sequence prepares the transaction and gives it its place in the commit order.
// When it fails nothing is left of it. One that only reads gets a place too: what
// it read may not be durable yet, and Commit says that it is.
func (tx *Tx) sequence() (_ *request, err error) {
	var p prepared
	defer func() {
		if err != nil {
			p.discard(tx.j.files)
		}
	}()
	if !tx.locked {
		if p, err = tx.prepareBlind(); err != nil {
			return nil, err
		}
	} else if p, err = tx.prepare(); err != nil {
		return nil, err
	}
	r := &request{set: &tx.set, changes: p.changes, records: p.records, staged: p.staged}
	if err := tx.j.enqueue(r); err != nil {
		return nil, err
	}
	tx.staged = p.orphans
	tx.unlock()
	return r, nil
}

// prepareBlind prepares without the writer lock, beside other transactions, and
// takes it then. If what it found has changed meanwhile, it prepares once more.
func (tx *Tx) prepareBlind() (prepared, error) {
	blind := tx.blind
	shape := tx.j.pending.shapeNow()
	err := tx.settle()
	var p prepared
	if err == nil {
		p, err = tx.prepare()
	}
	if lockErr := tx.lockSoon(); lockErr != nil {
		p.discard(tx.j.files)
		return prepared{}, lockErr
	}
	paths := make([]string, 0, 2*len(blind))
	for _, b := range blind {
		paths = append(paths, b.name)
	}
	for path := range tx.set.Paths() {
		paths = append(paths, path)
	}
	if !tx.j.pending.disturbed(shape, paths) && !(tx.tree.crossed && tx.j.pending.shapeNow() != shape) {
		return p, err
	}
	p.discard(tx.j.files)
	tx.set, tx.blind = apply.Set{}, blind
	if err := tx.settle(); err != nil {
		return prepared{}, err
	}
	return tx.prepare()
}

// prepared is a transaction about which nothing is open any more.
type prepared struct {
	changes []*apply.Change
	records []byte
	staged  []string // names in staging that the records refer to
	orphans []string // made by the transaction, and not needed any more
}

func (p *prepared) discard(files *apply.Files) {
	for _, c := range p.changes {
		files.Discard(c)
	}
}

// prepare checks that every change can be made, prepares what will be put in
// place, makes durable what the log is going to name, and encodes the records.
func (tx *Tx) prepare() (p prepared, err error) {
	p.changes = tx.set.Changes()
	defer func() {
		if err != nil {
			p.discard(tx.j.files)
			p = prepared{}
		}
	}()
	places := places{j: tx.j, own: &tx.set}
	defer places.close()
	there := make([]*fsx.Info, len(p.changes))
	for i, c := range p.changes {
		if there[i], err = places.check(c); err != nil {
			return p, err
		}
		if c.Payload.Name != "" {
			p.staged = append(p.staged, c.Payload.Name)
		}
	}
	if err := tx.prepareAll(p.changes, there); err != nil {
		return p, err
	}
	if len(p.staged) > 0 {
		// The names of the staged files: without it a power loss after the
		// commit point could leave the log naming what is not there.
		if err := tx.j.files.SyncStaging(); err != nil {
			return p, err
		}
	}
	for _, name := range tx.staged {
		if !slices.Contains(p.staged, name) {
			p.orphans = append(p.orphans, name)
		}
	}
	p.records, err = tx.encode(p.changes)
	return p, err
}

// prepareAll prepares one change after the other if they are few, else together.
func (tx *Tx) prepareAll(changes []*apply.Change, there []*fsx.Info) error {
	if len(changes) > few {
		return together(len(changes), func(n int) error { return tx.prepareChange(changes[n], there[n]) })
	}
	for i, c := range changes {
		if err := tx.prepareChange(c, there[i]); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) prepareChange(c *apply.Change, there *fsx.Info) error {
	like, _ := tx.j.pending.lookup(c.Path)
	if like != nil && !like.Exists() {
		like = nil
	}
	err := tx.syncStaged(c, like)
	if err == nil {
		err = tx.j.files.Prepare(c, like, there)
	}
	if err != nil {
		return fmt.Errorf("prepare %s: %w", c.Path, fsx.Underlying(err))
	}
	return nil
}

// syncStaged makes a staged payload durable, with the mode and owner it will have
// in place: the log names it and does not contain it.
func (tx *Tx) syncStaged(c, like *apply.Change) error {
	if c.Payload.Name == "" {
		return nil
	}
	file, err := tx.j.openStaged(c.Payload)
	if err != nil {
		return err
	}
	defer file.Close()
	if c.Payload.Kind == record.PayloadStaged {
		if err := tx.j.files.CopyMeta(file, c, like, nil); err != nil {
			return err
		}
	}
	return file.Sync()
}

// recordBuffers hold records from prepare until they are part of a group.
var recordBuffers = sync.Pool{New: func() any { return []byte(nil) }}

// recycle gives back the buffer of records that were copied.
func recycle(records []byte) {
	if 0 < cap(records) && cap(records) <= maxGroup {
		recordBuffers.Put(records[:0])
	}
}

func (tx *Tx) encode(changes []*apply.Change) ([]byte, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	intents := apply.Intents(changes, tx.id)
	size := 64
	for _, i := range intents {
		size += 64 + len(i.Path) + len(i.Payload.Data) + len(i.Payload.Name)
	}
	buf := slices.Grow(recordBuffers.Get().([]byte), size)
	for i := range intents {
		buf = record.AppendIntent(buf, &intents[i])
	}
	buf = record.AppendCommit(buf, record.Commit{Tx: tx.id, Time: time.Now(), Intents: len(intents)}, buf)
	if len(buf) > record.MaxPayload {
		return nil, errors.New("transaction too large")
	}
	return buf, nil
}
