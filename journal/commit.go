package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/parallel"
	"github.com/forewrite/forewrite/journal/record"
)

// Commit makes the transaction durable and then visible in the files. When it returns
// nil, both have happened: the changes survive kill -9 and power loss.
//
// Whatever can fail fails before the commit point, with nothing changed. After the
// commit point there are two errors: [ErrCommitted] (durable; the files follow at the
// next Open) and [ErrPoisoned] (unknown until the next Open). The context given to
// Begin counts until the transaction has its place in the commit order; from then on
// Commit waits for the outcome.
//
// After Commit the transaction is done, whatever it returned.
func (tx *Tx) Commit() error {
	if tx.managed {
		panic("journal: Commit called in the function given to Update, which commits by itself")
	}
	defer tx.end()
	return tx.finish()
}

func (tx *Tx) finish() error { return tx.fail(opCommit, "", tx.commit()) }

func (tx *Tx) commit() error {
	if err := tx.check(); err != nil {
		return err
	}
	if err := tx.ctx.Err(); err != nil {
		return err
	}
	for f := range tx.open {
		return fmt.Errorf("file %s from Create was neither committed nor closed", f.name)
	}
	if !tx.locked && len(tx.blind) == 0 {
		return nil // it neither changes nor reads anything
	}
	if err := tx.owner.pipeline.enter(); err != nil {
		return err
	}
	defer tx.owner.pipeline.leave()
	if !tx.locked && tx.owner.pipeline.crowded() {
		fsx.Yield()
	}
	p, err := tx.prepareLocked()
	if err == nil {
		err = tx.sequence(&p)
	}
	if err == nil || errors.Is(err, ErrPoisoned) || errors.Is(err, ErrCommitted) {
		tx.staged = p.orphans(tx.staged) // the log may name the others
		return err
	}
	// It is not in the log, and what was prepared takes space on a full disk.
	p.discard(tx.owner.files)
	return err
}

// sequence gives the prepared transaction its place in the commit order, releases the
// writer lock, and waits until it is logged and applied. A transaction that only reads
// gets a place too: what it read may not be durable yet, and Commit says that it is.
func (tx *Tx) sequence(p *prepared) error {
	r := &request{set: &tx.set, changes: p.changes, records: p.records}
	if err := tx.owner.pipeline.enqueue(r, tx.aborted); err != nil {
		return err
	}
	tx.unlock()
	return tx.owner.pipeline.await(r)
}

// prepareLocked prepares the transaction and returns with the writer lock held.
//
// A transaction of blind writes prepares without it, beside others, and acquires it
// then. If what it found may have changed meanwhile, it prepares once more.
func (tx *Tx) prepareLocked() (prepared, error) {
	if tx.locked {
		return tx.prepare()
	}
	blind := tx.blind
	structure := tx.owner.inFlight.Structure()
	p, err := tx.settleAndPrepare()
	if lockErr := tx.lock(); lockErr != nil {
		p.discard(tx.owner.files)
		return prepared{}, lockErr
	}
	if !tx.structureChanged(structure, blind) {
		return p, err
	}
	p.discard(tx.owner.files)
	tx.set, tx.blind, tx.failed = apply.Set{}, blind, nil
	return tx.settleAndPrepare()
}

func (tx *Tx) settleAndPrepare() (prepared, error) {
	if err := tx.settle(); err != nil {
		return prepared{}, err
	}
	return tx.prepare()
}

// structureChanged reports whether the blind writes may lead elsewhere than when they
// were settled.
func (tx *Tx) structureChanged(since uint64, blind []blindPut) bool {
	if tx.tree().FollowedLink && tx.owner.inFlight.Structure() != since {
		return true
	}
	paths := make([]string, len(blind)) // without links, the names are the paths
	for i, b := range blind {
		paths[i] = b.name
	}
	return tx.owner.inFlight.StructureChanged(since, paths)
}

// prepared is a transaction that is ready for the log.
type prepared struct {
	changes []*apply.Change
	records []byte
}

// orphans returns the staged names that no change refers to.
func (p *prepared) orphans(staged []string) []string {
	if len(staged) == 0 {
		return nil
	}
	named := make(map[string]bool, len(p.changes))
	for _, c := range p.changes {
		named[c.Payload.Name] = true
	}
	return slices.DeleteFunc(staged, func(name string) bool { return named[name] })
}

func (p *prepared) discard(files *apply.Files) {
	for _, c := range p.changes {
		files.Discard(c)
	}
}

// prepare checks that every change can be made, prepares what will be put into place,
// makes durable what the log is going to name, and encodes the records. When it fails,
// nothing of it is left.
func (tx *Tx) prepare() (p prepared, err error) {
	p.changes = tx.set.Changes()
	defer func() {
		if err != nil {
			p.discard(tx.owner.files)
			p = prepared{}
		}
	}()
	from, err := tx.preflight(p.changes)
	if err != nil {
		return p, err
	}
	if err := tx.prepareAll(p.changes, from); err != nil {
		return p, err
	}
	if slices.ContainsFunc(p.changes, namesStaged) {
		// The names of the staged files: without it a power loss after the commit
		// point could leave the log naming what is not there.
		if err := tx.owner.files.Staging.Sync(); err != nil {
			return p, err
		}
	}
	p.records, err = tx.encode(p.changes)
	return p, err
}

func namesStaged(c *apply.Change) bool { return c.Payload.Name != "" }

// prepareAll prepares each change, in parallel if they are many.
func (tx *Tx) prepareAll(changes []*apply.Change, from []apply.Predecessor) error {
	one := func(i int) error { return tx.prepareChange(changes[i], from[i]) }
	if len(changes) > fewChanges {
		return parallel.Do(workers, len(changes), one)
	}
	for i := range changes {
		if err := one(i); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) prepareChange(c *apply.Change, from apply.Predecessor) error {
	var err error
	if namesStaged(c) {
		err = tx.owner.files.SyncStaged(c, from)
	}
	if err == nil {
		err = tx.owner.files.Prepare(c, from)
	}
	if err != nil {
		return fmt.Errorf("prepare %s: %w", c.Path, fsx.Underlying(err))
	}
	return nil
}

// encode returns the records of the transaction.
func (tx *Tx) encode(changes []*apply.Change) ([]byte, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	intents := apply.Intents(changes, tx.id)
	size := 64
	for _, i := range intents {
		size += 64 + len(i.Path) + len(i.Payload.Data) + len(i.Payload.Name)
	}
	buf := newRecords(size)
	for i := range intents {
		if !record.ValidPath(intents[i].Path) { // it could never be read again
			return nil, fmt.Errorf("%s %q: %w", intents[i].Op, intents[i].Path, fs.ErrInvalid)
		}
		buf = record.AppendIntent(buf, &intents[i])
	}
	buf = record.AppendCommit(buf, record.Commit{Tx: tx.id, Time: time.Now(), Intents: len(intents)}, buf)
	if len(buf) > record.MaxPayload {
		return nil, fmt.Errorf("transaction of %d bytes in the log is too large; at most %d", len(buf), record.MaxPayload)
	}
	return buf, nil
}
