package parallel_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/parallel"
)

func TestDoCallsEachNumberOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 3, 4, 100} {
		calls := make([]atomic.Int32, n)
		if err := parallel.Do(4, n, func(i int) error { calls[i].Add(1); return nil }); err != nil {
			t.Fatal(err)
		}
		for i := range calls {
			if got := calls[i].Load(); got != 1 {
				t.Errorf("n = %d: %d was called %d times", n, i, got)
			}
		}
	}
}

func TestDoStopsAfterAnError(t *testing.T) {
	t.Parallel()
	bad := errors.New("bad")
	var calls atomic.Int32
	err := parallel.Do(4, 1000, func(i int) error { calls.Add(1); return bad })
	if err != bad {
		t.Errorf("error %v", err)
	}
	if got := calls.Load(); got > 4 {
		t.Errorf("%d calls after the first had failed", got)
	}
}

func TestDoUsesNoMoreGoroutinesThanWorkers(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int32
	err := parallel.Do(3, 30, func(int) error {
		now := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		time.Sleep(time.Millisecond)
		return nil
	})
	if got := most.Load(); got != 3 || err != nil {
		t.Errorf("%d at once, %v", got, err)
	}
}
