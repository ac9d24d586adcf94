package atomic

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/gofrs/flock"
)

const (
	minPoll = time.Millisecond
	maxPoll = 100 * time.Millisecond
)

// FileLock is a lock that is held. It ends with [FileLock.Unlock], or when the
// process does, however that ends.
type FileLock struct {
	path   string
	how    how
	handle *flock.Flock
	note   *os.File // to write the holder to, nil when it isn't written
}

// how a lock is held.
type how bool

const (
	shared    how = false
	exclusive how = true
)

// Lock takes the exclusive lock that the file at path stands for, and waits for it
// as long as ctx and [LockTimeout] allow: 30 seconds unless told otherwise. It
// excludes all other processes and goroutines that lock the same path; those that
// don't ask for the lock it does not stop. The same goroutine asking twice waits
// for itself.
//
// The file is made when it is missing, for this user only (0600), and stays for
// ever: if it were removed, two could each hold a lock on what they take for the
// same file. Its content tells people, and [ReadHolder], who holds it. A file with
// other content can be locked as well and is not changed.
//
// All errors are [ErrLock] and a [*LockError].
func Lock(ctx context.Context, path string, opts ...LockOption) (*FileLock, error) {
	return acquire(ctx, host{}, path, exclusive, timeoutOf(opts))
}

// RLock is [Lock], but shared: any number may hold it at once, while nobody holds
// it exclusively.
func RLock(ctx context.Context, path string, opts ...LockOption) (*FileLock, error) {
	return acquire(ctx, host{}, path, shared, timeoutOf(opts))
}

// TryLock is [Lock] without waiting: it fails with [ErrLockTimeout] at once when
// somebody else holds the lock, whatever [LockTimeout] says.
func TryLock(path string, opts ...LockOption) (*FileLock, error) {
	return acquire(context.Background(), host{}, path, exclusive, noWait)
}

func timeoutOf(opts []LockOption) time.Duration {
	var c config
	for _, o := range opts {
		o.apply(&c)
	}
	return c.lockTimeout
}

// acquire waits at two gates: first at this process's own, where goroutines wake
// each other up, then by polling at the file, for the other processes.
func acquire(ctx context.Context, t tree, path string, h how, timeout time.Duration) (*FileLock, error) {
	p := newPatience(ctx, timeout)
	l := &FileLock{path: path, how: h}
	if err := ctx.Err(); err != nil {
		return nil, lockError(t, path, err)
	}
	g, err := gates.enter(gateKey(t, path), h, p)
	if err != nil {
		return nil, lockError(t, path, err)
	}
	if err := l.poll(t, p); err != nil {
		gates.leave(g, h)
		return nil, lockError(t, path, err)
	}
	gates.keep(l, g)
	return l, nil
}

// Unlock lets go of the lock. Only the first call does something, so it can be
// deferred and called early as well. The file stays.
func (l *FileLock) Unlock() error {
	g := gates.forget(l)
	if g == nil {
		return nil
	}
	defer gates.leave(g, l.how)
	clearHolder(l.note)
	if err := l.handle.Unlock(); err != nil {
		return &LockError{Path: l.path, Err: err}
	}
	return nil
}

// poll tries until it gets the lock. Each time it waits an eighth of what it has
// waited so far: a short wait ends promptly and a long one costs little.
func (l *FileLock) poll(t tree, p *patience) error {
	for start := time.Now(); ; {
		got, err := l.try(t)
		if got || err != nil {
			return err
		}
		pause := min(max(time.Since(start)/8, minPoll), maxPoll)
		// Spread out those who began to wait at the same instant.
		if err := p.sleep(pause - rand.N(pause/4)); err != nil {
			return err
		}
	}
}

// try makes one attempt, with a handle of its own: one that is used again answers
// for what it did before, and may be open on a file that is gone.
func (l *FileLock) try(t tree) (bool, error) {
	handle, got, err := l.openAndTry(t)
	if err != nil {
		if fi, e := t.Lstat(l.path); e == nil && fi.Mode().Type() == fs.ModeSymlink {
			return false, ErrSymlink
		}
		return false, err
	}
	if !got {
		return false, nil
	}
	// By now the path may lead to another file, and then this lock guards nothing.
	info, err := handle.Stat()
	if err == nil {
		got, err = leadsTo(t, l.path, info)
	}
	if !got || err != nil {
		handle.Unlock()
		return false, err
	}
	l.handle = handle
	if l.how == exclusive {
		l.note = noteHolder(t, l.path, info)
	}
	return true, nil
}

func (l *FileLock) openAndTry(t tree) (_ *flock.Flock, got bool, err error) {
	flags := os.O_RDONLY | fsx.NoFollow
	if l.how == exclusive {
		flags = os.O_RDWR | fsx.NoFollow // NFS wants it for an exclusive lock
	}
	path := l.path
	if root, ok := t.(*os.Root); ok {
		// flock knows no roots. So the file is made beneath this one first, and
		// none can be made elsewhere; leadsTo sees to the rest.
		f, err := root.OpenFile(path, flags|os.O_CREATE, 0o600)
		if err != nil {
			return nil, false, err
		}
		f.Close()
		path = filepath.Join(root.Name(), path)
	} else {
		flags |= os.O_CREATE
	}
	handle := flock.New(path, flock.SetFlag(flags), flock.SetPermissions(0o600))
	if l.how == exclusive {
		got, err = handle.TryLock()
	} else {
		got, err = handle.TryRLock()
	}
	return handle, got, err
}

// leadsTo tells whether path is the very file, and no symbolic link to it: a link
// could be turned elsewhere while the lock is held.
func leadsTo(t tree, path string, file fs.FileInfo) (bool, error) {
	now, err := t.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case now.Mode().Type() == fs.ModeSymlink:
		return false, ErrSymlink
	}
	return os.SameFile(file, now), nil
}

// lockError says who is in the way, when somebody is.
func lockError(t tree, path string, err error) error {
	e := &LockError{Path: path, Err: err}
	if errors.Is(err, ErrLockTimeout) || errors.Is(err, context.Canceled) {
		if h, err := readHolder(t, path); err == nil && !h.gone() {
			e.Holder = h
		}
	}
	return e
}
