package atomic

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

const (
	defaultLockTimeout = 30 * time.Second

	noWait time.Duration = math.MinInt64
)

// patience is how long to wait for a lock.
type patience struct {
	ctx   context.Context
	limit time.Duration // negative: as long as ctx allows
	start time.Time
}

func newPatience(ctx context.Context, timeout time.Duration) *patience {
	if timeout == 0 {
		timeout = defaultLockTimeout
	}
	return &patience{ctx: ctx, limit: timeout, start: time.Now()}
}

// sleep waits for d, less when the patience ends.
func (p *patience) sleep(d time.Duration) error {
	_, err := p.wait(nil, d)
	return err
}

// waitFor waits until ready is closed.
func (p *patience) waitFor(ready <-chan struct{}) error {
	for {
		if got, err := p.wait(ready, time.Hour); got || err != nil {
			return err
		}
	}
}

func (p *patience) wait(ready <-chan struct{}, d time.Duration) (bool, error) {
	if p.limit == noWait {
		return false, ErrLockTimeout
	}
	if p.limit > 0 {
		left := p.limit - time.Since(p.start)
		if left <= 0 {
			return false, fmt.Errorf("%w, gave up after %v", ErrLockTimeout, p.limit)
		}
		d = min(d, left)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ready:
		return true, nil
	case <-timer.C:
		return false, nil
	case <-p.ctx.Done():
		err := p.ctx.Err()
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w: %w", ErrLockTimeout, err)
		}
		return false, err
	}
}
