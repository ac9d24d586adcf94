package journal

import (
	"sync"
	"testing"
	"time"
)

func TestShortLockLetsOneIn(t *testing.T) {
	t.Parallel()
	const each = 20_000
	var (
		lock  shortLock
		count int
		group sync.WaitGroup
	)
	for range 8 {
		group.Go(func() {
			for range each {
				lock.Lock()
				count++
				lock.Unlock()
			}
		})
	}
	group.Wait()
	if count != 8*each {
		t.Errorf("counted %d of %d", count, 8*each)
	}
}

// Who holds it longer than others try does not keep them out for ever.
func TestShortLockSleepsWhereItTakesLong(t *testing.T) {
	t.Parallel()
	var lock shortLock
	lock.Lock()
	got := make(chan struct{})
	go func() {
		lock.Lock()
		lock.Unlock()
		close(got)
	}()
	select {
	case <-got:
		t.Fatal("it lets a second one in")
	case <-time.After(50 * time.Millisecond):
	}
	lock.Unlock()
	select {
	case <-got:
	case <-time.After(10 * time.Second):
		t.Fatal("it was given back, and nobody got it")
	}
}
