package journal

import (
	"errors"
	"fmt"

	"github.com/forewrite/forewrite/journal/record"
)

// Errors to test for with errors.Is. They come wrapped with what happened.
var (
	// ErrClosed: the journal was closed.
	ErrClosed = errors.New("journal is closed")
	// ErrReadOnly: the journal was opened with Options.ReadOnly.
	ErrReadOnly = errors.New("journal is read-only")
	// ErrTxDone: the transaction was committed or rolled back before.
	ErrTxDone = errors.New("transaction is done")
	// ErrConflict: a file is not in the version that the transaction expects.
	ErrConflict = errors.New("conflict")
	// ErrCommitted: the transaction is committed and durable in the log, but
	// the files could not be changed now. The next Open does it.
	ErrCommitted = errors.New("committed, to be applied by the next open")
	// ErrPoisoned: writing the log failed. The journal refuses everything until
	// it is opened again; whether a transaction that was being committed is
	// durable is unknown until then.
	ErrPoisoned = errors.New("journal failed and must be opened again")
	// ErrLocked: another owner holds the journal.
	ErrLocked = errors.New("journal is locked")
	// ErrNeedsRecovery: the last owner crashed, and a read-only open may not
	// repair what it left.
	ErrNeedsRecovery = errors.New("journal needs recovery")
	// ErrViewLost: a view in a process that does not own the journal took so
	// long that the owner went on changing files. What it saw may be mixed.
	ErrViewLost = errors.New("the view took too long, and files were changed meanwhile")
	// ErrUnsafe: the journal directory belongs to somebody else, or others can
	// write to it, so that what it says can't be trusted.
	ErrUnsafe = errors.New("journal directory is not safe")
)

// TxError says which transaction failed, at what, and why. It unwraps to the
// cause: an error of this package, fs.ErrNotExist, syscall.ENOSPC and so on.
type TxError struct {
	Tx   record.TxID
	Op   string // "write", "rename", "commit" and so on
	Path string // as the caller gave it; empty when the whole transaction failed
	Err  error
}

func (e *TxError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("journal: %s tx %d: %v", e.Op, e.Tx, e.Err)
	}
	return fmt.Sprintf("journal: tx %d: %s %s: %v", e.Tx, e.Op, e.Path, e.Err)
}

func (e *TxError) Unwrap() error { return e.Err }
