package viewlock

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/lockwait"
	"github.com/gofrs/flock"
)

// ErrLost is returned when the owner has gone on in spite of the reader: what it has
// read may be mixed.
var ErrLost = errors.New("the view took too long, and files were changed meanwhile")

// Reader keeps the owner from applying transactions while it is open.
type Reader struct {
	file     *os.File
	lock     *flock.Flock
	overruns uint64
}

// OpenReader acquires VIEW. It waits for the owner as long as ctx and timeout allow; a
// timeout of 0 means 30 s, a negative one that it does not wait. It fails with
// [lockwait.ErrLocked] then.
func OpenReader(ctx context.Context, dir *layout.Dir, timeout time.Duration) (_ *Reader, err error) {
	view := dir.Path(layout.ViewFile)
	file, err := os.OpenFile(view, os.O_RDONLY|fsx.NoFollow, 0)
	if err != nil {
		return nil, err
	}
	r := &Reader{file: file, lock: flock.New(view, flock.SetFlag(os.O_RDONLY))}
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	if err := r.acquire(lockwait.New(ctx, timeout, nil), dir.Path(layout.GateFile)); err != nil {
		return nil, err
	}
	if r.overruns, err = readOverruns(file); err != nil {
		return nil, err
	}
	return r, nil
}

// acquire locks VIEW while it holds GATE.
func (r *Reader) acquire(wait *lockwait.Wait, gatePath string) error {
	gate := flock.New(gatePath, flock.SetFlag(os.O_RDONLY))
	defer gate.Unlock()
	if err := wait.Poll(gate.TryRLock); err != nil {
		return err
	}
	return wait.Poll(r.lock.TryRLock)
}

// Err returns [ErrLost] once the owner has not waited for the reader.
func (r *Reader) Err() error {
	overruns, err := readOverruns(r.file)
	if err == nil && overruns != r.overruns {
		err = ErrLost
	}
	return err
}

// Close lets the owner apply again.
func (r *Reader) Close() error { return errors.Join(r.lock.Unlock(), r.file.Close()) }

// HasOwner reports whether an owner that has recovered is alive. Ask it with an open
// Reader: then no owner can begin to change files meanwhile.
func HasOwner(dir *layout.Dir) (bool, error) {
	ready := flock.New(dir.Path(layout.ReadyFile), flock.SetFlag(os.O_RDONLY))
	free, err := ready.TryRLock()
	if err != nil || !free {
		return err == nil, err
	}
	return false, ready.Unlock()
}
