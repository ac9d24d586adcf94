package journal

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/forewrite/forewrite/atomic"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/viewlock"
	"github.com/forewrite/forewrite/journal/record"
)

// Errors to test for with [errors.Is]. They come wrapped with what happened.
var (
	// ErrClosed is returned after the journal was closed.
	ErrClosed = errors.New("journal is closed")
	// ErrReadOnly is returned when a journal that was opened with Options.ReadOnly is
	// to change something.
	ErrReadOnly = errors.New("journal is read-only")
	// ErrTxDone is returned after the transaction was committed or rolled back.
	ErrTxDone = errors.New("transaction is done")
	// ErrConflict is returned when a file is not in the version that the transaction
	// expects. It is the same value as [atomic.ErrConflict].
	ErrConflict = atomic.ErrConflict
	// ErrCommitted is returned when the transaction is committed and durable in the
	// log, but the files could not be changed now. The next Open does it.
	ErrCommitted = errors.New("committed, but not applied until the journal is opened again")
	// ErrPoisoned is returned after a write or fsync of the log, or an fsync of files,
	// has failed. The journal refuses everything until it is opened again; whether a
	// transaction that was being committed is durable is not known until then.
	ErrPoisoned = errors.New("journal failed and must be opened again")
	// ErrLocked is returned when another owner holds the journal and does not release
	// it in time. It is the same value as [atomic.ErrLocked].
	ErrLocked = atomic.ErrLocked
	// ErrNeedsRecovery is returned by a read-only journal, from Open, View and Snapshot,
	// when the last owner has crashed: it may not repair what that owner left. Wait for
	// the next owner and try again.
	ErrNeedsRecovery = errors.New("journal needs recovery")
	// ErrViewLost is returned when a view in a process that does not own the journal
	// took so long that the owner went on changing files. What it saw may be mixed.
	ErrViewLost = viewlock.ErrLost
	// ErrUnsafe is returned when the journal directory belongs to another user, or
	// others can write to it, so that its content can't be trusted.
	ErrUnsafe = layout.ErrUnsafe
	// ErrNoJournal is returned by a read-only open when there is no journal.
	ErrNoJournal = layout.ErrNoJournal
)

// TxError is returned by every method of [Tx] and [File]. It unwraps to the underlying
// error: one of this package, fs.ErrNotExist, syscall.ENOSPC and so on.
type TxError struct {
	Tx   record.TxID
	Op   string // "write", "rename", "commit" and so on
	Path string // as the caller gave it; empty for "commit", when the whole transaction failed
	To   string // the second name of an operation that has two
	Err  error
}

// Error implements error.
func (e *TxError) Error() string {
	switch {
	case e.Op == opCommit:
		return fmt.Sprintf("journal: %s tx %d: %v", e.Op, e.Tx, e.Err)
	case e.To != "":
		return fmt.Sprintf("journal: tx %d: %s %s to %s: %v", e.Tx, e.Op, shown(e.Path), shown(e.To), e.Err)
	}
	return fmt.Sprintf("journal: tx %d: %s %s: %v", e.Tx, e.Op, shown(e.Path), fsx.Underlying(e.Err))
}

// opCommit is the operation of an error of the whole transaction.
const opCommit = "commit"

// shown quotes a name that could not be read otherwise.
func shown(name string) string {
	if quoted := strconv.Quote(name); name == "" || len(quoted) != len(name)+2 {
		return quoted
	}
	return name
}

// Unwrap returns the underlying error.
func (e *TxError) Unwrap() error { return e.Err }
