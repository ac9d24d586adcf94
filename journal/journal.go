package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	fileatomic "github.com/forewrite/forewrite/atomic"
	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// Journal owns a tree of ordinary files and changes them in transactions. It is
// safe for concurrent use. One process owns a tree at a time.
type Journal struct {
	path   string // of the root
	opts   Options
	root   *os.Root
	files  *apply.Files
	lock   *fileatomic.FileLock
	report *recovery.Report
	umask  fs.FileMode
	device uint64 // of staging, and so of every target

	writer  chan struct{} // the writer lock: who could send holds it
	pending pending
	queue   queue
	log     *walLog // used by the leader
	opened  bool    // the open record is logged; used by the leader
	group   []byte  // the leader's buffer
	applied applied
	views   views
	readers *readers

	active atomic.Int64  // transactions that have begun and not ended
	lastTx atomic.Uint64 // highest transaction id given out
	seq    atomic.Uint64 // place in the commit order, of this session

	checkpointing sync.Mutex
	checkpointed  record.LSN   // the files are durable up to here; under checkpointing
	lastApply     atomic.Int64 // Unix ns
	idleArmed     atomic.Bool  // the background watches for idleness
	touched       chan struct{}
	filled        chan struct{}

	failure        atomic.Pointer[error] // why the journal is poisoned
	closed         atomic.Bool
	closing        chan struct{}
	backgroundDone chan struct{}
	closeOnce      sync.Once
	closeErr       error

	stats stats
}

// Recovered returns what Open found and did. It is never nil.
func (j *Journal) Recovered() *recovery.Report { return j.report }

// Close waits for transactions that are being committed, makes all files durable,
// notes in the log that it ended well, and lets go of the lock. Transactions that
// are not being committed can't be any more. After a failure of the log it only
// lets go, and returns that failure. Further calls return what the first did.
func (j *Journal) Close() error {
	j.closeOnce.Do(func() {
		if j.opts.ReadOnly {
			j.closed.Store(true)
			j.closeErr = j.root.Close()
			return
		}
		j.queue.mu.Lock()
		j.closed.Store(true) // from here on nothing enters the queue
		j.queue.mu.Unlock()
		close(j.closing)
		<-j.backgroundDone
		j.queue.flight.Wait()
		j.closeErr = j.close()
	})
	return j.closeErr
}

func (j *Journal) close() error {
	j.checkpointing.Lock()
	defer j.checkpointing.Unlock()
	var err error
	if err = j.poisoned(); err == nil {
		if err = j.finalMark(); err == nil {
			err = j.giveBack()
		}
	}
	if err != nil {
		err = fmt.Errorf("journal: close: %w", err)
	}
	return errors.Join(err, j.log.close(), j.release())
}

// finalMark makes the files durable and says so in the log, as its last record:
// the next Open has nothing to do. Nobody else uses the log any more.
func (j *Journal) finalMark() error {
	if !j.opened {
		return nil // nothing was written
	}
	_, dirty := j.applied.take()
	checkpointed := j.log.last() // all of it is applied
	if err := j.syncApplied(context.Background(), checkpointed, dirty); err != nil {
		return err
	}
	group := record.AppendClose(make([]byte, record.HeaderSize), j.newMark(checkpointed))
	if err := j.log.finish(group); err != nil {
		return err
	}
	j.checkpointed = checkpointed
	return nil
}

func (j *Journal) newMark(checkpointed record.LSN) record.Mark {
	return record.Mark{CheckpointLSN: checkpointed, LastTx: record.TxID(j.lastTx.Load()), Time: time.Now()}
}

// release lets go of everything but the log.
func (j *Journal) release() error {
	var errs []error
	if j.files != nil {
		errs = append(errs, j.files.Close())
	}
	if j.readers != nil {
		errs = append(errs, j.readers.close())
	}
	errs = append(errs, j.root.Close())
	if j.lock != nil {
		errs = append(errs, j.lock.Unlock())
	}
	return errors.Join(errs...)
}

// writable reports why nothing can be changed.
func (j *Journal) writable() error {
	if j.closed.Load() {
		return ErrClosed
	}
	if j.opts.ReadOnly {
		return ErrReadOnly
	}
	return j.poisoned()
}

// poison makes the journal refuse everything from now on, because of err, and
// returns why it does: the first such error. After a failed write or fsync nobody
// knows what the log holds, and asking the kernel again gives a wrong answer.
func (j *Journal) poison(err error) error {
	err = fmt.Errorf("%w: %w", ErrPoisoned, err)
	if j.failure.CompareAndSwap(nil, &err) {
		j.opts.Logger.Error("journal: poisoned", "root", j.path, "error", err)
	}
	return j.poisoned()
}

// poisoned returns why the journal refuses everything, nil if it does not.
func (j *Journal) poisoned() error {
	if first := j.failure.Load(); first != nil {
		return *first
	}
	return nil
}

// throttle makes committers help with the checkpoint when the backlog has grown to
// maxBacklog, so that it does not grow without bound.
func (j *Journal) throttle(ctx context.Context) error {
	if j.backlog() < maxBacklog {
		return nil
	}
	return j.checkpoint(ctx)
}

// openStaged opens the staged file of a payload.
func (j *Journal) openStaged(p record.Payload) (*os.File, error) {
	return j.files.Staging.OpenFile(p.Name, os.O_RDONLY|fsx.NonBlocking, 0)
}

// journalPath returns the path of something in the journal directory.
func (j *Journal) journalPath(name string) string {
	return filepath.Join(j.path, filepath.FromSlash(j.opts.Dir), name)
}
