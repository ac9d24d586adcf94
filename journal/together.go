package journal

import (
	"sync"
	"sync/atomic"
)

const (
	hands = 4 // goroutines that do something together
	few   = 4 // things that are not worth it
)

// together calls do with each number below n, in several goroutines. After an
// error it begins nothing more, and returns one of the errors.
func together(n int, do func(int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var group sync.WaitGroup
	for range hands {
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
