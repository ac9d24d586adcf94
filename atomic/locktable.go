package atomic

import (
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/forewrite/forewrite/internal/lockwait"
)

// processLocks is where goroutines of this process wait for each other. The locks
// on the file would exclude them as well, but a goroutine would have to poll for
// them; and on systems whose file locks belong to the process, they would not.
var processLocks = lockTable{
	entries: make(map[string]*tableEntry),
	held:    make(map[*FileLock]*tableEntry),
}

// lockTable has a fair reader/writer mutex for each path that is in use.
type lockTable struct {
	mu      sync.Mutex
	entries map[string]*tableEntry
	// held also keeps every lock reachable: the garbage collector would close the
	// file of a lock that its owner has forgotten, and that would release it.
	held map[*FileLock]*tableEntry
}

type tableEntry struct {
	key     string
	users   int // holders and waiters
	readers int
	writer  bool
	queue   []*waiter // first come, first served
}

type waiter struct {
	mode     lockMode
	acquired chan struct{} // closed when it holds the mutex
}

// tableKey is the same for all spellings of a path. Where they differ by symbolic
// links, only the lock on the file excludes.
func tableKey(fsys filesystem, path string) string {
	if root, ok := fsys.(*os.Root); ok {
		path = filepath.Join(root.Name(), path)
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func (t *lockTable) acquire(key string, mode lockMode, wait *lockwait.Wait) (*tableEntry, error) {
	t.mu.Lock()
	e := t.entries[key]
	if e == nil {
		e = &tableEntry{key: key}
		t.entries[key] = e
	}
	e.users++
	if len(e.queue) == 0 && e.free(mode) {
		e.lock(mode)
		t.mu.Unlock()
		return e, nil
	}
	w := &waiter{mode: mode, acquired: make(chan struct{})}
	e.queue = append(e.queue, w)
	t.mu.Unlock()

	done := false
	defer func() {
		if !done {
			t.abandon(e, w) // also when OnWait panics
		}
	}()
	if err := wait.Receive(w.acquired); err != nil {
		return nil, err
	}
	done = true
	return e, nil
}

// abandon ends a wait whose limit was reached.
func (t *lockTable) abandon(e *tableEntry, w *waiter) {
	t.mu.Lock()
	i := slices.Index(e.queue, w)
	if i < 0 { // acquired after the limit was reached
		t.mu.Unlock()
		t.release(e, w.mode)
		return
	}
	e.queue = slices.Delete(e.queue, i, i+1)
	t.leave(e)
	t.mu.Unlock()
}

func (t *lockTable) release(e *tableEntry, mode lockMode) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mode == exclusive {
		e.writer = false
	} else {
		e.readers--
	}
	t.leave(e)
}

// leave counts one user less and wakes the waiters that can acquire the mutex now.
func (t *lockTable) leave(e *tableEntry) {
	for len(e.queue) > 0 && e.free(e.queue[0].mode) {
		w := e.queue[0]
		e.queue = e.queue[1:]
		e.lock(w.mode)
		close(w.acquired)
	}
	if e.users--; e.users == 0 {
		delete(t.entries, e.key)
	}
}

func (t *lockTable) add(l *FileLock, e *tableEntry) {
	t.mu.Lock()
	t.held[l] = e
	t.mu.Unlock()
}

// remove returns nil when the lock was released before.
func (t *lockTable) remove(l *FileLock) *tableEntry {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.held[l]
	delete(t.held, l)
	return e
}

func (e *tableEntry) free(mode lockMode) bool {
	return !e.writer && (mode == shared || e.readers == 0)
}

func (e *tableEntry) lock(mode lockMode) {
	if mode == exclusive {
		e.writer = true
	} else {
		e.readers++
	}
}
