package journal

import (
	"errors"
	"fmt"
	"sync"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/recovery"
)

// Journal owns a tree of ordinary files and changes them in transactions. It is safe
// for concurrent use. One process owns a tree at a time.
type Journal struct {
	dir    *layout.Dir
	opts   Options
	report *recovery.Report
	state  *state
	owner  *owner  // nil if the journal is read-only
	shared readers // of a read-only journal

	closeOnce sync.Once
	closeErr  error
}

// Recovered returns what Open found and did. It is never nil.
func (j *Journal) Recovered() *recovery.Report { return j.report }

// Close waits for transactions that are being committed, makes all files durable,
// notes in the log that the journal was closed, and releases the lock. Transactions
// that are not being committed fail with [ErrClosed] from then on, and so do the
// methods of snapshots and views that are open. After a failure of the log Close only
// releases everything, and returns that failure. Further calls return what the first
// one did.
func (j *Journal) Close() error {
	j.closeOnce.Do(func() {
		if j.owner == nil {
			j.state.close()
			j.closeErr = j.shared.close()
		} else if err := j.owner.close(); err != nil {
			j.closeErr = fmt.Errorf("journal: close %s: %w", j.dir.RootPath(), err)
		}
		j.closeErr = errors.Join(j.closeErr, j.dir.Close())
	})
	return j.closeErr
}

// writable returns the owner, or why nothing can be changed.
func (j *Journal) writable() (*owner, error) {
	if err := j.state.err(); err != nil {
		return nil, err
	}
	if j.owner == nil {
		return nil, ErrReadOnly
	}
	return j.owner, nil
}
