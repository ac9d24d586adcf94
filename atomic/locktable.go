package atomic

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// gates is where the goroutines of this process wait for each other, one gate a
// path. They would exclude each other by their locks on the file as well, but then
// only polling would tell them that it is free; and on systems whose locks belong
// to the process, they would not.
var gates = gateTable{
	byKey: make(map[string]*gate),
	held:  make(map[*FileLock]*gate),
}

type gateTable struct {
	mu    sync.Mutex
	byKey map[string]*gate
	// held also keeps every lock reachable: the garbage collector would close the
	// file of one that its owner forgot, and hand the lock to somebody else.
	held map[*FileLock]*gate
}

type gate struct {
	key     string
	users   int // holders and waiters
	readers int
	writer  bool
	queue   []*waiter // first come, first served
}

type waiter struct {
	how   how
	ready chan struct{} // closed once it is let in
}

// gateKey is the same for all the ways to write a path. Symbolic links on the way
// it does not see: those wait at the file.
func gateKey(t tree, path string) string {
	if root, ok := t.(*os.Root); ok {
		path = filepath.Join(root.Name(), path)
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func (t *gateTable) enter(key string, h how, p *patience) (*gate, error) {
	t.mu.Lock()
	g := t.byKey[key]
	if g == nil {
		g = &gate{key: key}
		t.byKey[key] = g
	}
	g.users++
	if len(g.queue) == 0 && g.admits(h) {
		g.let(h)
		t.mu.Unlock()
		return g, nil
	}
	w := &waiter{how: h, ready: make(chan struct{})}
	g.queue = append(g.queue, w)
	t.mu.Unlock()

	if err := p.waitFor(w.ready); err != nil {
		t.giveUp(g, w)
		return nil, err
	}
	return g, nil
}

func (t *gateTable) giveUp(g *gate, w *waiter) {
	t.mu.Lock()
	i := slices.Index(g.queue, w)
	if i < 0 { // let in at the last moment
		t.mu.Unlock()
		t.leave(g, w.how)
		return
	}
	g.queue = slices.Delete(g.queue, i, i+1)
	t.drop(g)
	t.mu.Unlock()
}

func (t *gateTable) leave(g *gate, h how) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h == exclusive {
		g.writer = false
	} else {
		g.readers--
	}
	t.drop(g)
}

// drop counts one user less and lets in whoever can be now.
func (t *gateTable) drop(g *gate) {
	for len(g.queue) > 0 && g.admits(g.queue[0].how) {
		w := g.queue[0]
		g.queue = g.queue[1:]
		g.let(w.how)
		close(w.ready)
	}
	if g.users--; g.users == 0 {
		delete(t.byKey, g.key)
	}
}

func (t *gateTable) keep(l *FileLock, g *gate) {
	t.mu.Lock()
	t.held[l] = g
	t.mu.Unlock()
}

// forget is nil when the lock is not held any more.
func (t *gateTable) forget(l *FileLock) *gate {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.held[l]
	delete(t.held, l)
	return g
}

func (g *gate) admits(h how) bool {
	return !g.writer && (h == shared || g.readers == 0)
}

func (g *gate) let(h how) {
	if h == exclusive {
		g.writer = true
	} else {
		g.readers++
	}
}
