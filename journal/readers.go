package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"time"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/gofrs/flock"
)

// Readers in other processes are kept apart from the applying of transactions by
// three lock files in the journal directory, which are made with it and never
// removed:
//
//   - VIEW is locked shared by a reader while a view runs, exclusively by the owner
//     while it applies or recovers. An idle reader holds nothing.
//   - GATE is locked by a reader only while it takes VIEW, and by an owner that has
//     to wait for VIEW, so that readers that come one after the other don't keep
//     the owner waiting for ever.
//   - READY is locked by an owner that has recovered, for as long as it lives. A
//     reader that has VIEW and finds READY locked sees whole transactions; if it is
//     free, the log says whether the last owner ended well.
//
// VIEW also has content: how often the owner has gone on in spite of a reader, as
// an u64 at offset 8, since some systems let nobody read the first bytes of a
// locked file.
const (
	viewFile  = "VIEW"
	gateFile  = "GATE"
	readyFile = "READY"

	overrunsOffset = 8
)

// readerPatience is how long the owner waits for the views of other processes. A
// view that takes longer fails, and the owner goes on.
const readerPatience = 2 * time.Second

// lockPoll is how long to wait between two attempts to take a lock.
const lockPoll = 500 * time.Microsecond

// readers keeps the owner's applying apart from views in other processes.
type readers struct {
	view, gate *os.File // locked and unlocked once a group, so they stay open
	ready      *flock.Flock
	overruns   uint64
	gated      bool // GATE is locked too
	stuck      bool // a reader has not let go after an overrun
}

// openReaders makes the files that are missing and opens them for the owner.
func (j *Journal) openReaders() (err error) {
	r := &readers{ready: flock.New(j.journalPath(readyFile), flock.SetPermissions(0o600))}
	if r.gate, err = j.openLockFile(gateFile); err != nil {
		return err
	}
	if r.view, err = j.openLockFile(viewFile); err != nil {
		return errors.Join(err, r.gate.Close())
	}
	j.readers = r
	r.overruns, err = readOverruns(r.view)
	return err
}

func (j *Journal) openLockFile(name string) (*os.File, error) {
	return os.OpenFile(j.journalPath(name), os.O_RDWR|os.O_CREATE|fsx.NoFollow, 0o600)
}

func readOverruns(file *os.File) (uint64, error) {
	var b [8]byte
	if _, err := file.ReadAt(b[:], overrunsOffset); err != nil && err != io.EOF {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

// setReady lets readers in. They may hold READY for a moment, to see if it is free.
func (r *readers) setReady(ctx context.Context) error {
	return pollLock(ctx, 0, r.ready.TryLock)
}

func (r *readers) close() error {
	return errors.Join(r.ready.Unlock(), r.view.Close(), r.gate.Close())
}

// exclude keeps readers out until admit is called. Readers that are inside are
// waited for, but not longer than readerPatience: then they lose their view.
func (r *readers) exclude() error {
	locked, err := fsx.TryLock(r.view, true)
	if locked || err != nil {
		r.stuck = false
		return err
	}
	if locked, err = r.wait(); err != nil {
		return errors.Join(err, r.admit())
	}
	if locked {
		r.stuck = false
		return nil
	}
	r.stuck = true
	r.overruns++ // readers are told, before anything changes
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], r.overruns)
	_, err = r.view.WriteAt(b[:], overrunsOffset)
	return err
}

// wait takes VIEW, behind the readers that hold it but before all others.
func (r *readers) wait() (locked bool, err error) {
	deadline := time.Now().Add(readerPatience)
	for {
		if !r.gated {
			if r.gated, err = fsx.TryLock(r.gate, true); err != nil {
				return false, err
			}
		}
		if locked, err = fsx.TryLock(r.view, true); locked || err != nil {
			return locked, err
		}
		if r.stuck || time.Now().After(deadline) {
			return false, nil
		}
		time.Sleep(lockPoll)
	}
}

// admit lets readers in again.
func (r *readers) admit() error {
	err := fsx.Unlock(r.view)
	if r.gated {
		err = errors.Join(err, fsx.Unlock(r.gate))
		r.gated = false
	}
	return err
}

// outsideView is a view in a process that does not own the journal.
type outsideView struct {
	file     *os.File
	lock     *flock.Flock
	overruns uint64
}

// viewFromOutside keeps the owner from applying, for a view.
func (j *Journal) viewFromOutside(ctx context.Context) (_ *outsideView, err error) {
	file, err := os.OpenFile(j.journalPath(viewFile), os.O_RDONLY|fsx.NoFollow, 0)
	if err != nil {
		return nil, err
	}
	v := &outsideView{file: file, lock: flock.New(j.journalPath(viewFile), flock.SetFlag(os.O_RDONLY))}
	defer func() {
		if err != nil {
			v.end()
		}
	}()
	if err := v.enter(ctx, j); err != nil {
		return nil, err
	}
	if v.overruns, err = readOverruns(file); err != nil {
		return nil, err
	}
	return v, j.checkOwner(ctx)
}

// enter takes VIEW, through the gate.
func (v *outsideView) enter(ctx context.Context, j *Journal) error {
	gate := flock.New(j.journalPath(gateFile), flock.SetFlag(os.O_RDONLY))
	if err := pollLock(ctx, j.opts.LockTimeout, gate.TryRLock); err != nil {
		return err
	}
	return errors.Join(pollLock(ctx, j.opts.LockTimeout, v.lock.TryRLock), gate.Unlock())
}

// pollLock tries until it succeeds, the context ends, or timeout has passed: 0
// means 30 s, negative for ever.
func pollLock(ctx context.Context, timeout time.Duration, try func() (bool, error)) error {
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, ErrLocked)
		defer cancel()
	}
	for {
		if ok, err := try(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}

// lost reports that the owner has not waited for the view.
func (v *outsideView) lost() error {
	overruns, err := readOverruns(v.file)
	if err == nil && overruns != v.overruns {
		err = ErrViewLost
	}
	return err
}

func (v *outsideView) end() error { return errors.Join(v.lock.Unlock(), v.file.Close()) }
