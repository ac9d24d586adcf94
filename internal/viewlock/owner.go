package viewlock

import (
	"context"
	"encoding/binary"
	"errors"
	"os"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/lockwait"
)

// Owner is the side of the process that owns the journal. One goroutine at a time uses
// it.
type Owner struct {
	view, gate, ready *os.File
	overruns          uint64
	gateHeld          bool // GATE is locked too
	overrun           bool // a reader that was overrun still holds VIEW
}

// OpenOwner opens the lock files for the owner, and makes those that are missing.
func OpenOwner(dir *layout.Dir) (_ *Owner, err error) {
	o := new(Owner)
	for name, f := range map[string]**os.File{layout.ViewFile: &o.view, layout.GateFile: &o.gate, layout.ReadyFile: &o.ready} {
		if *f, err = openLockFile(dir.Path(name)); err != nil {
			return nil, errors.Join(err, o.Close())
		}
	}
	if o.overruns, err = readOverruns(o.view); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// Ready lets readers rely on the owner from now on. A reader may hold READY for a
// moment, to see whether it is free.
func (o *Owner) Ready(ctx context.Context) error {
	return lockwait.New(ctx, 0, nil).Poll(func() (bool, error) { return fsx.TryLock(o.ready, true) })
}

// Close releases everything.
func (o *Owner) Close() error {
	var errs []error
	for _, f := range []*os.File{o.ready, o.view, o.gate} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
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
	limit := patience
	if o.overrun {
		limit = -1
	}
	err = lockwait.New(context.Background(), limit, nil).Poll(func() (bool, error) {
		if !o.gateHeld {
			if o.gateHeld, err = fsx.TryLock(o.gate, true); err != nil {
				return false, err
			}
		}
		return fsx.TryLock(o.view, true)
	})
	if errors.Is(err, lockwait.ErrLocked) {
		return false, nil
	}
	return err == nil, err
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
