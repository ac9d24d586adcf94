// Package lockwait bounds the wait for a lock. The kernel's file locks either
// block without a limit or fail at once, so a wait with a limit has to poll; this
// is the one polling loop of the module.
package lockwait

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// DefaultTimeout is the limit of a wait whose timeout is 0.
const DefaultTimeout = 30 * time.Second

const (
	minPause = 500 * time.Microsecond
	maxPause = 100 * time.Millisecond
)

// ErrLocked is returned when the lock was not released within the limit, which is
// at once with a negative timeout.
var ErrLocked = errors.New("locked by another process or goroutine")

// Wait is the limit on the acquisition of one lock. Several waits, one after the
// other, can share it.
type Wait struct {
	ctx     context.Context
	timeout time.Duration
	start   time.Time
	onWait  func() // nil once it has been called
}

// New starts the clock. A timeout of 0 means [DefaultTimeout], a negative one that
// there is no waiting at all. onWait, unless it is nil, is called once, when
// waiting begins.
func New(ctx context.Context, timeout time.Duration, onWait func()) *Wait {
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	return &Wait{ctx: ctx, timeout: timeout, start: time.Now(), onWait: onWait}
}

// Poll calls try until it returns true or an error, or until the limit is reached.
// The first call is made in any case, so that a free lock is acquired even if the
// context has ended.
//
// Each pause is an eighth of the wait so far: a short wait ends promptly, and a
// long one costs little.
func (w *Wait) Poll(try func() (bool, error)) error {
	for begin := time.Now(); ; {
		if ok, err := try(); ok || err != nil {
			return err
		}
		pause := min(max(time.Since(begin)/8, minPause), maxPause)
		// Waiters that began at the same instant must not poll at the same instants.
		if _, err := w.sleep(nil, pause-rand.N(pause/4)); err != nil {
			return err
		}
	}
}

// Receive waits until ready is closed.
func (w *Wait) Receive(ready <-chan struct{}) error {
	for {
		if received, err := w.sleep(ready, time.Hour); received || err != nil {
			return err
		}
	}
}

// sleep waits for ready, d or the limit, whichever comes first.
func (w *Wait) sleep(ready <-chan struct{}, d time.Duration) (received bool, err error) {
	if w.timeout < 0 {
		return false, ErrLocked
	}
	if w.ctx.Err() != nil {
		return false, w.contextError()
	}
	left := w.timeout - time.Since(w.start)
	if left <= 0 {
		return false, fmt.Errorf("%w and not released within %v", ErrLocked, w.timeout)
	}
	if w.onWait != nil {
		w.onWait()
		w.onWait = nil
	}
	timer := time.NewTimer(min(d, left))
	defer timer.Stop()
	select {
	case <-ready:
		return true, nil
	case <-timer.C:
		return false, nil
	case <-w.ctx.Done():
		return false, w.contextError()
	}
}

// contextError is the error of the context. A deadline is also ErrLocked, because
// it limits the wait as a timeout does.
func (w *Wait) contextError() error {
	err := w.ctx.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrLocked, err)
	}
	return err
}
