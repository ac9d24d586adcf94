package journal

import (
	"sync"
	"testing"
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
