// Package parallel does independent pieces of work in several goroutines.
package parallel

import (
	"sync"
	"sync/atomic"
)

// Do calls do with each number from 0 to n-1, in up to workers goroutines. After an
// error it starts no further call, and returns one of the errors when all calls have
// returned.
func Do(workers, n int, do func(int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var group sync.WaitGroup
	for range min(workers, n) {
		group.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}
