package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/overlay"
	"github.com/forewrite/forewrite/journal/record"
)

// Tx is a transaction: changes to files that happen together or not at all. Nothing is
// changed before Commit, and the transaction reads its own changes. It is an [fs.FS]
// of the tree as it sees it.
//
// A transaction that only writes runs beside others. The first operation that depends
// on what is there (a read, Remove, Rename, Append, Expect and so on) acquires the
// journal's writer lock and keeps it until Commit or Rollback, so that such
// transactions run one after the other and never fail with a conflict. A goroutine
// that holds one must not begin another, or it waits for itself.
//
// Names are slash-separated paths below the root, as for package [io/fs]. A name inside
// the journal directory, or one that a symbolic link leads out of the root, is refused.
// Operations on a name whose parent directory is missing fail. Every error is a
// *[TxError].
//
// A Tx must not be used by several goroutines at once. After Commit or Rollback every
// method returns [ErrTxDone].
type Tx struct {
	owner *owner
	ctx   context.Context
	id    record.TxID
	begun time.Time
	set   apply.Set // what the transaction wants, by resolved path

	plainTree *overlay.Tree // see tree

	managed bool // by Update, which commits it
	locked  bool // holds the writer lock
	done    bool
	failed  error  // a write that had returned nil could not be done; it sticks
	aborted *error // of the pipeline, when the writer lock was acquired

	blind  []blindPut         // writes whose names are not resolved yet, as no lock was needed
	open   map[*File]struct{} // that were not committed or closed
	inline int64              // bytes of payload that will be in the log
	staged []string           // names in staging that the transaction made
}

// blindPut is a write whose target was not looked at.
type blindPut struct {
	name    string
	payload record.Payload
	mode    fs.FileMode // if the file is new
}

// Begin begins a transaction. It must end with Commit or Rollback; a deferred Rollback
// after a Commit does nothing. The context governs the transaction: waiting for the
// writer lock, and Commit until the transaction has its place in the commit order.
func (j *Journal) Begin(ctx context.Context) (*Tx, error) {
	o, err := j.writable()
	if err != nil {
		return nil, fmt.Errorf("journal: begin: %w", err)
	}
	o.log.Prepare()
	return &Tx{owner: o, ctx: ctx, id: record.TxID(o.lastTx.Add(1)), begun: time.Now()}, nil
}

// Update runs fn in a transaction and commits it. When fn returns an error the
// transaction is rolled back and that error is returned as it is. fn must neither call
// Commit nor Rollback: they panic.
func (j *Journal) Update(ctx context.Context, fn func(*Tx) error) error {
	tx, err := j.Begin(ctx)
	if err != nil {
		return err
	}
	tx.managed = true
	defer tx.end() // also when fn panics
	if err := fn(tx); err != nil {
		return err
	}
	return tx.finish()
}

// ID returns the number by which the log and journal-inspect know the transaction.
func (tx *Tx) ID() record.TxID { return tx.id }

// Rollback ends the transaction without changing anything. After Commit or Rollback it
// does nothing and returns nil.
func (tx *Tx) Rollback() error {
	if tx.managed {
		panic("journal: Rollback called in the function given to Update; return an error instead")
	}
	tx.end()
	return nil
}

// end releases what the transaction holds and removes what it has staged.
func (tx *Tx) end() {
	if tx.done {
		return
	}
	tx.done = true
	tx.unlock()
	for f := range tx.open {
		f.discard()
	}
	for _, name := range tx.staged {
		tx.owner.files.Staging.Remove(name)
	}
	tx.staged = nil
}

func (tx *Tx) unlock() {
	if tx.locked {
		tx.locked = false
		tx.owner.writer.unlock()
	}
}

// lock acquires the writer lock. It does not settle the blind writes.
func (tx *Tx) lock() error {
	if tx.locked {
		return nil
	}
	if err := tx.ctx.Err(); err != nil {
		return err
	}
	// Before it has the lock: others may need that while it waits.
	if err := tx.owner.checkpoints.throttle(tx.ctx); err != nil {
		return err
	}
	select {
	case tx.owner.writer <- struct{}{}:
		tx.locked = true
		tx.aborted = tx.owner.pipeline.aborted.Load()
		return nil
	case <-tx.ctx.Done():
		return tx.ctx.Err()
	case <-tx.owner.state.closing:
		return ErrClosed
	}
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

// check returns why the transaction can't go on.
func (tx *Tx) check() error {
	if tx.done {
		return ErrTxDone
	}
	if tx.failed != nil {
		return tx.failed
	}
	if tx.locked {
		if now := tx.owner.pipeline.aborted.Load(); now != tx.aborted {
			return *now // it has read what will not be
		}
	}
	return tx.owner.state.err()
}

// settle finds out what the blind writes replace, and adds them to the set. Their
// calls have returned nil, so a failure is the transaction's.
func (tx *Tx) settle() error {
	blind := tx.blind
	tx.blind = nil
	for _, b := range blind {
		if err := tx.put(b); err != nil {
			tx.failed = tx.fail("write", b.name, err)
			return tx.failed
		}
	}
	return nil
}

// target resolves the name of something that is going to be changed.
func (tx *Tx) target(name string, follow bool) (string, overlay.Entry, error) {
	p, e, err := tx.tree().Resolve(name, follow)
	if err == nil && p == "." { // by a symbolic link
		err = fmt.Errorf("it leads to the root itself, which can't be changed: %w", fs.ErrInvalid)
	}
	return p, e, err
}

// put adds a write whose target can be looked at to the set.
func (tx *Tx) put(b blindPut) error {
	p, e, err := tx.target(b.name, true)
	if err != nil {
		return err
	}
	mode := b.mode
	if e.Exists() {
		if err := overlay.CheckRegular(e.Mode); err != nil {
			return err
		}
		mode = e.Mode
	}
	tx.add(record.Intent{Op: record.OpPut, Path: p, Mode: mode & fsx.ModeMask, Payload: b.payload}, e)
	return nil
}

// add adds an intent. It notes what is at its path: recovery finds out by it whether
// another program has changed the file after a crash.
func (tx *Tx) add(i record.Intent, old overlay.Entry) {
	i.Tx = tx.id
	switch {
	case !old.Exists():
		i.Replaced.Kind = record.ReplacedNothing
	case old.Source == overlay.SourceDisk && old.Mode.IsRegular():
		i.Replaced = tx.owner.replaced(i.Path, old.Size)
	}
	tx.set.Add(i)
}

// replaced describes the regular file at p, of this size, for the record of what
// replaces it.
func (o *owner) replaced(p string, size int64) record.Replaced {
	if r, ok := o.inFlight.Written(p); ok && r.Size == size {
		return r
	}
	fi, err := o.files.Root.Lstat(p)
	if err != nil || !fi.Mode().IsRegular() {
		return record.Replaced{} // another program has just removed it
	}
	return record.Replaced{Kind: record.ReplacedFile, Size: fi.Size(), MTime: fi.ModTime().UnixNano()}
}

// tree is the tree as the transaction sees it.
func (tx *Tx) tree() *overlay.Tree {
	if tx.plainTree == nil {
		tx.plainTree = tx.newTree(overlay.Disk{Files: tx.owner.files})
	}
	return tx.plainTree
}

// timedTree is tree with the times of files, for callers that see them.
func (tx *Tx) timedTree() *overlay.Tree {
	return tx.newTree(overlay.Disk{Files: tx.owner.files, Times: true})
}

func (tx *Tx) newTree(disk overlay.Disk) *overlay.Tree {
	return overlay.NewTxTree(tx.owner.dir, disk, &tx.owner.inFlight, &tx.set, tx.begun)
}

// fail wraps err with the operation and the name, once.
func (tx *Tx) fail(op, name string, err error) error { return tx.failTwo(op, name, "", err) }

// failTwo is fail for an operation with two names.
func (tx *Tx) failTwo(op, name, to string, err error) error {
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
	return &TxError{Tx: tx.id, Op: op, Path: name, To: to, Err: err}
}
