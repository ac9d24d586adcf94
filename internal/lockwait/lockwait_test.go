package lockwait_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/forewrite/forewrite/internal/lockwait"
)

func locked() (bool, error) { return false, nil }

func TestPollEndsAtItsLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		timeout  time.Duration
		deadline time.Duration // of the context; 0: none
		cancel   time.Duration // when the context is cancelled; 0: never
		want     error
		not      error
		after    time.Duration
		waits    int // calls of onWait
	}{
		"default":                       {want: lockwait.ErrLocked, not: context.DeadlineExceeded, after: 30 * time.Second, waits: 1},
		"timeout":                       {timeout: time.Second, want: lockwait.ErrLocked, after: time.Second, waits: 1},
		"tiny timeout":                  {timeout: 1, want: lockwait.ErrLocked, after: 1, waits: 1},
		"negative timeout":              {timeout: -1, want: lockwait.ErrLocked},
		"deadline is ErrLocked, too":    {deadline: time.Minute / 4, want: lockwait.ErrLocked, after: time.Minute / 4, waits: 1},
		"deadline":                      {timeout: math.MaxInt64, deadline: time.Hour, want: context.DeadlineExceeded, after: time.Hour, waits: 1},
		"cancelled, which is no limit":  {cancel: time.Second, want: context.Canceled, not: lockwait.ErrLocked, after: time.Second, waits: 1},
		"timeout before the context's":  {timeout: time.Second, deadline: time.Hour, want: lockwait.ErrLocked, not: context.DeadlineExceeded, after: time.Second, waits: 1},
		"negative before the context's": {timeout: -1, deadline: time.Hour, want: lockwait.ErrLocked},
	} {
		for how, wait := range map[string]func(*lockwait.Wait) error{
			"Poll":    func(w *lockwait.Wait) error { return w.Poll(locked) },
			"Receive": func(w *lockwait.Wait) error { return w.Receive(make(chan struct{})) },
		} {
			t.Run(how+": "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					if c.deadline > 0 {
						ctx, cancel = context.WithTimeout(ctx, c.deadline)
						defer cancel()
					}
					if c.cancel > 0 {
						defer time.AfterFunc(c.cancel, cancel).Stop()
					}
					start, waits := time.Now(), 0
					err := wait(lockwait.New(ctx, c.timeout, func() { waits++ }))
					if !errors.Is(err, c.want) || c.not != nil && errors.Is(err, c.not) {
						t.Errorf("%v, want %v and not %v", err, c.want, c.not)
					}
					if d := time.Since(start); d != c.after {
						t.Errorf("ended after %v, want %v", d, c.after)
					}
					if waits != c.waits {
						t.Errorf("onWait was called %d times, want %d", waits, c.waits)
					}
				})
			})
		}
	}
}

func TestAFreeLockIsAcquiredWhateverTheLimit(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, timeout := range []time.Duration{-1, 0, 1} {
		w := lockwait.New(ended, timeout, func() { t.Error("onWait was called") })
		if err := w.Poll(func() (bool, error) { return true, nil }); err != nil {
			t.Errorf("timeout %v: %v", timeout, err)
		}
	}
}

func TestPollReturnsTheErrorOfTry(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	w := lockwait.New(t.Context(), 0, nil)
	if err := w.Poll(func() (bool, error) { return false, broken }); err != broken {
		t.Errorf("%v, want %v itself", err, broken)
	}
}

func TestPausesGrowUpToATenthOfASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		last, shortest, longest := time.Now(), time.Hour, time.Duration(0)
		tries := 0
		lockwait.New(t.Context(), time.Minute, nil).Poll(func() (bool, error) {
			if pause := time.Since(last); tries > 0 {
				shortest, longest = min(shortest, pause), max(longest, pause)
			}
			last = time.Now()
			tries++
			return false, nil
		})
		// The very last pause is cut by the limit and may be shorter than the rest.
		if longest > 100*time.Millisecond || longest < 75*time.Millisecond || shortest > time.Millisecond {
			t.Errorf("pauses from %v to %v", shortest, longest)
		}
		if tries > 1000 {
			t.Errorf("%d tries in a minute", tries)
		}
	})
}

func TestReceiveReturnsWhenReadyIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ready := make(chan struct{})
		time.AfterFunc(2*time.Hour, func() { close(ready) })
		start := time.Now()
		if err := lockwait.New(t.Context(), 3*time.Hour, nil).Receive(ready); err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d != 2*time.Hour {
			t.Errorf("returned after %v, want 2h", d)
		}
	})
}

func TestSeveralWaitsShareOneLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		waits := 0
		w := lockwait.New(t.Context(), time.Second, func() { waits++ })
		start := time.Now()
		ready := make(chan struct{})
		time.AfterFunc(time.Second*3/4, func() { close(ready) })
		if err := w.Receive(ready); err != nil {
			t.Fatal(err)
		}
		if err := w.Poll(locked); !errors.Is(err, lockwait.ErrLocked) {
			t.Errorf("%v, want ErrLocked", err)
		}
		if d := time.Since(start); d != time.Second || waits != 1 {
			t.Errorf("ended after %v with %d calls of onWait, want 1s and 1", d, waits)
		}
	})
}
