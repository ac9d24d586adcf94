package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// Tx is a transaction: changes to files that happen together or not at all.
// Nothing is changed before Commit, and the transaction reads its own changes.
//
// A transaction that only writes runs beside others. The first operation that
// depends on what is there (a read, Remove, Rename, Append, Expect and so on)
// takes the journal's writer lock and keeps it until Commit or Rollback, so that
// such transactions run one after the other and never fail with a conflict. A
// goroutine that holds one must not begin another, or it waits for itself.
//
// Names are slash-separated paths beneath the root, as for io/fs. A name inside
// the journal directory, or one that a symbolic link leads out of the root, is
// refused. Operations on a name whose parent is missing fail.
//
// A Tx must not be used by several goroutines at once. After Commit or Rollback
// every method returns ErrTxDone.
type Tx struct {
	j    *Journal
	ctx  context.Context
	id   record.TxID
	tree tree
	set  apply.Set // what the transaction wants, by resolved path

	locked bool // holds the writer lock
	done   bool
	blind  []blindPut // writes whose names are not resolved yet, as no lock was needed
	open   int        // Files that were not closed
	inline int64      // bytes of payload that will be in the log
	staged []string   // names in staging that the transaction made
}

// blindPut is a write that nobody has looked at the target of.
type blindPut struct {
	name    string
	payload record.Payload
	mode    fs.FileMode // if the file is new
}

// Begin begins a transaction. It must end with Commit or Rollback; a deferred
// Rollback after a Commit does nothing. The context governs the waiting for the
// writer lock.
func (j *Journal) Begin(ctx context.Context) (*Tx, error) {
	if err := j.writable(); err != nil {
		return nil, fmt.Errorf("journal: begin: %w", err)
	}
	j.log.warm()
	j.active.Add(1)
	tx := &Tx{j: j, ctx: ctx, id: record.TxID(j.lastTx.Add(1))}
	tx.tree = tree{j: j, own: &tx.set, time: time.Now()}
	return tx, nil
}

// Update runs fn in a transaction and commits it. When fn returns an error the
// transaction is rolled back and that error is returned as it is.
func (j *Journal) Update(ctx context.Context, fn func(*Tx) error) error {
	tx, err := j.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() // also when fn panics
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// ID returns the number by which the log and journal-inspect know the transaction.
func (tx *Tx) ID() record.TxID { return tx.id }

// Rollback ends the transaction without changing anything. After Commit or
// Rollback it does nothing and returns nil.
func (tx *Tx) Rollback() error {
	if !tx.done {
		tx.end()
	}
	return nil
}

// end releases what the transaction holds and removes the staged files that no
// log record names.
func (tx *Tx) end() {
	tx.done = true
	tx.j.active.Add(-1)
	tx.unlock()
	for _, name := range tx.staged {
		tx.j.files.Staging.Remove(name) // a leftover is removed by the next recovery
	}
	tx.staged = nil
}

func (tx *Tx) unlock() {
	if tx.locked {
		tx.locked = false
		<-tx.j.writer
	}
}

// lock takes the writer lock. It does not settle the blind writes.
func (tx *Tx) lock() error {
	if tx.locked {
		return nil
	}
	if err := tx.ctx.Err(); err != nil {
		return err
	}
	// Before it has the lock: others may need that while it waits.
	if err := tx.j.throttle(tx.ctx); err != nil {
		return err
	}
	select {
	case tx.j.writer <- struct{}{}:
		tx.locked = true
		return nil
	case <-tx.ctx.Done():
		return tx.ctx.Err()
	case <-tx.j.closing:
		return ErrClosed
	}
}

// lockSoon is lock where the lock is mostly free, or given back in a moment, by another
// one that was prepared without it. See shortLock for why it does not sleep at once.
func (tx *Tx) lockSoon() error {
	for n := 0; len(tx.j.writer) > 0 && n < spins; n++ {
	}
	return tx.lock()
}

// depend makes the transaction one that depends on what is there.
func (tx *Tx) depend() error {
	if err := tx.check(); err != nil {
		return err
	}
	if tx.locked {
		return nil
	}
	if err := tx.lock(); err != nil {
		return err
	}
	return tx.settle()
}

func (tx *Tx) check() error {
	if tx.done {
		return ErrTxDone
	}
	return tx.j.writable()
}

// settle finds out what the blind writes replace, and adds them to the set.
func (tx *Tx) settle() error {
	blind := tx.blind
	tx.blind = nil
	for _, b := range blind {
		if err := tx.put(b); err != nil {
			return tx.fail("write", b.name, err)
		}
	}
	return nil
}

// put adds a write whose target can be looked at to the set.
func (tx *Tx) put(b blindPut) error {
	p, n, err := tx.tree.resolve(b.name, true)
	if err != nil {
		return err
	}
	mode := b.mode
	if n.exists() {
		if err := checkRegular(n.mode); err != nil {
			return err
		}
		mode = n.mode
	}
	tx.add(record.Intent{Op: record.OpPut, Path: p, Mode: mode & fsx.ModeMask, Payload: b.payload}, n)
	return nil
}

// add adds an intent. It notes what is at its path: recovery tells by it whether
// somebody else has changed the file after a crash.
func (tx *Tx) add(i record.Intent, old node) {
	i.Tx = tx.id
	switch {
	case !old.exists():
		i.Replaced.Kind = record.ReplacedNothing
	case old.disk && old.mode.IsRegular():
		i.Replaced = tx.j.replaced(i.Path, old.size)
	}
	tx.set.Add(i)
}

// fail wraps err with the operation and the name, once.
func (tx *Tx) fail(op, name string, err error) error {
	if err == nil {
		return nil
	}
	var te *TxError
	if errors.As(err, &te) {
		return err
	}
	if name != "" {
		err = fsx.Underlying(err)
	}
	return &TxError{Tx: tx.id, Op: op, Path: name, Err: err}
}
