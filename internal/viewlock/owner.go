package viewlock

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"time"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/lockwait"
	"github.com/gofrs/flock"
)

// Owner is the side of the process that owns the journal. One goroutine at a time uses
// it.
type Owner struct {
	view, gate *os.File // locked and unlocked once a group, so they stay open
	ready      *flock.Flock
	overruns   uint64
	gateHeld   bool // GATE is locked too
	overrun    bool // a reader that was overrun still holds VIEW
}

// OpenOwner opens the lock files for the owner, and makes those that are missing.
func OpenOwner(dir *layout.Dir) (_ *Owner, err error) {
	o := &Owner{ready: flock.New(dir.Path(layout.ReadyFile), flock.SetPermissions(0o600))}
	if o.gate, err = openLockFile(dir.Path(layout.GateFile)); err != nil {
		return nil, err
	}
	if o.view, err = openLockFile(dir.Path(layout.ViewFile)); err != nil {
		return nil, errors.Join(err, o.gate.Close())
	}
	if o.overruns, err = readOverruns(o.view); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// Ready lets readers rely on the owner from now on. A reader may hold READY for a
// moment, to see whether it is free.
func (o *Owner) Ready(ctx context.Context) error {
	return lockwait.New(ctx, 0, nil).Poll(o.ready.TryLock)
}

// Close releases everything.
func (o *Owner) Close() error {
	return errors.Join(o.ready.Unlock(), o.view.Close(), o.gate.Close())
}

// Exclude keeps readers out until Admit is called. It waits for those that hold VIEW,
// but not longer than patience: then they lose their view.
func (o *Owner) Exclude() error {
	locked, err := fsx.TryLock(o.view, true)
	if locked || err != nil {
		o.overrun = false
		return err
	}
	if locked, err = o.wait(); err != nil {
		return errors.Join(err, o.Admit())
	}
	o.overrun = !locked
	if locked {
		return nil
	}
	o.overruns++ // before anything changes
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], o.overruns)
	_, err = o.view.WriteAt(b[:], overrunsOffset)
	return err
}

// wait acquires VIEW after the readers that hold it, but before all others.
func (o *Owner) wait() (locked bool, err error) {
	deadline := time.Now().Add(patience)
	for {
		if !o.gateHeld {
			if o.gateHeld, err = fsx.TryLock(o.gate, true); err != nil {
				return false, err
			}
		}
		if locked, err = fsx.TryLock(o.view, true); locked || err != nil {
			return locked, err
		}
		if o.overrun || time.Now().After(deadline) {
			return false, nil
		}
		time.Sleep(pollInterval)
	}
}

// Admit lets readers in again.
func (o *Owner) Admit() error {
	err := fsx.Unlock(o.view)
	if o.gateHeld {
		err = errors.Join(err, fsx.Unlock(o.gate))
		o.gateHeld = false
	}
	return err
}
