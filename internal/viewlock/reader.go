package viewlock

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/lockwait"
)

// ErrLost is returned when the owner has gone on in spite of the reader: what it has
// read may be mixed.
var ErrLost = errors.New("the view took too long, and files were changed meanwhile")

// Reader keeps the owner from applying transactions while it is open.
type Reader struct {
	view     *os.File
	overruns uint64
}

// OpenReader acquires VIEW. It waits for the owner as long as ctx and timeout allow; a
// timeout of 0 means 30 s, a negative one that it does not wait. It fails with
// [lockwait.ErrLocked] then.
func OpenReader(ctx context.Context, dir *layout.Dir, timeout time.Duration) (_ *Reader, err error) {
	view, err := openForReader(dir.Path(layout.ViewFile))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			view.Close()
		}
	}()
	gate, err := openForReader(dir.Path(layout.GateFile))
	if err != nil {
		return nil, err
	}
	defer gate.Close() // releases the lock, after VIEW was acquired
	wait := lockwait.New(ctx, timeout, nil)
	for _, f := range []*os.File{gate, view} {
		if err := wait.Poll(func() (bool, error) { return fsx.TryLock(f, false) }); err != nil {
			return nil, err
		}
	}
	overruns, err := readOverruns(view)
	if err != nil {
		return nil, err
	}
	return &Reader{view, overruns}, nil
}

func openForReader(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|fsx.NoFollow, 0)
}

// Err returns [ErrLost] once the owner has not waited for the reader.
func (r *Reader) Err() error {
	overruns, err := readOverruns(r.view)
	if err == nil && overruns != r.overruns {
		err = ErrLost
	}
	return err
}

// Close releases VIEW, so that the owner can apply again.
func (r *Reader) Close() error { return r.view.Close() }

// HasOwner reports whether an owner that has recovered is alive. Ask it with an open
// Reader: then no owner can begin to change files meanwhile.
func HasOwner(dir *layout.Dir) (bool, error) {
	ready, err := openForReader(dir.Path(layout.ReadyFile))
	if err != nil {
		return false, err
	}
	defer ready.Close() // releases the lock
	free, err := fsx.TryLock(ready, false)
	return err == nil && !free, err
}
