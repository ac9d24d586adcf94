package atomic

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/lockwait"
	"github.com/gofrs/flock"
)

// FileLock is an acquired lock. [FileLock.Unlock] releases it, and so does the end
// of the process, however that comes.
type FileLock struct {
	path   string // as given
	mode   lockMode
	handle *flock.Flock
	holder *os.File // for writing the holder into the lock file; nil when it isn't written
}

type lockMode bool

const (
	shared    lockMode = false
	exclusive lockMode = true
)

// Lock acquires the exclusive lock of the lock file at path, and waits for it as
// long as ctx and the options allow, by default 30 seconds. It excludes all
// processes and goroutines that lock the same path. A goroutine that already holds
// the lock waits for itself.
//
// A lock that is free is acquired even if ctx has ended. One that is not is
// [ErrLocked] in the end, or the error of a cancelled ctx, with its [Holder].
//
// The file is made when it is missing, with mode 0600, and is never removed: two
// processes could otherwise each hold the lock of another file of that name. Its
// content is for people, and for [ReadHolder]. A file with other content can be
// locked as well, and is not changed. A symbolic link is refused with [ErrSymlink].
func Lock(ctx context.Context, path string, opts *LockOptions) (*FileLock, error) {
	return acquire(ctx, hostFS{}, path, exclusive, opts)
}

// RLock is [Lock] for a shared lock: any number of them can be held at the same
// time, but not together with an exclusive one.
func RLock(ctx context.Context, path string, opts *LockOptions) (*FileLock, error) {
	return acquire(ctx, hostFS{}, path, shared, opts)
}

// TryLock is [Lock] without waiting: a lock that is not free is [ErrLocked] at once.
func TryLock(path string) (*FileLock, error) {
	return Lock(context.Background(), path, &LockOptions{Timeout: -1})
}

// acquire waits twice: in this process's lock table, where a goroutine that unlocks
// wakes the next one, and then, by polling the file, for the other processes.
func acquire(ctx context.Context, fsys filesystem, path string, mode lockMode, opts *LockOptions) (*FileLock, error) {
	if opts == nil {
		opts = &LockOptions{}
	}
	file := absolute(fsys, path)
	var onWait func()
	if opts.OnWait != nil {
		onWait = func() { opts.OnWait(currentHolder(fsys, file)) }
	}
	wait := lockwait.New(ctx, opts.Timeout, onWait)
	l := &FileLock{path: path, mode: mode}
	entry, err := processLocks.acquire(tableKey(fsys, file), mode, wait)
	if err != nil {
		return nil, l.lockError(fsys, file, err)
	}
	acquired := false
	defer func() {
		if !acquired {
			processLocks.release(entry, mode) // also when OnWait panics
		}
	}()
	if err := wait.Poll(func() (bool, error) { return l.try(fsys, file) }); err != nil {
		return nil, l.lockError(fsys, file, err)
	}
	processLocks.add(l, entry)
	acquired = true
	return l, nil
}

// Unlock releases the lock. The first call does; further ones do nothing and return
// nil, so that an Unlock can be deferred as well as called early. The file stays.
func (l *FileLock) Unlock() error {
	entry := processLocks.remove(l)
	if entry == nil {
		return nil
	}
	defer processLocks.release(entry, l.mode)
	clearHolder(l.holder)
	return wrap("unlock", l.path, l.handle.Unlock())
}

// try makes one attempt, with a handle of its own: a flock.Flock that is used again
// can report the state of an earlier call, and be open on a file that was removed.
func (l *FileLock) try(fsys filesystem, path string) (bool, error) {
	handle, ok, err := tryFlock(fsys, path, l.mode)
	if err != nil {
		if fi, e := fsys.Lstat(path); e == nil && fi.Mode().Type() == fs.ModeSymlink {
			return false, ErrSymlink
		}
		return false, err
	}
	if !ok {
		return false, nil
	}
	// If the path leads to another file by now, the lock excludes nobody.
	info, err := handle.Stat()
	if err == nil {
		ok, err = isSameFile(fsys, path, info)
	}
	if !ok || err != nil {
		handle.Unlock()
		return false, err
	}
	l.handle = handle
	if l.mode == exclusive {
		l.holder = writeHolder(fsys, path, info)
	}
	return true, nil
}

func tryFlock(fsys filesystem, path string, mode lockMode) (_ *flock.Flock, ok bool, err error) {
	flags := os.O_RDONLY | fsx.NoFollow
	if mode == exclusive {
		flags = os.O_RDWR | fsx.NoFollow // NFS needs it for an exclusive lock
	}
	if root, ok := fsys.(*os.Root); ok {
		// Package flock opens by path. So the file is made through the root first, and
		// none can be made outside of it; isSameFile checks what was opened.
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
	if mode == exclusive {
		ok, err = handle.TryLock()
	} else {
		ok, err = handle.TryRLock()
	}
	return handle, ok, err
}

// isSameFile reports whether path leads to this file, and not over a symbolic link,
// which could be changed while the lock is held.
func isSameFile(fsys filesystem, path string, file fs.FileInfo) (bool, error) {
	now, err := fsys.Lstat(path)
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

// lockError adds the path as the caller gave it, and the holder if there is one.
func (l *FileLock) lockError(fsys filesystem, file string, err error) error {
	e := &Error{Op: "lock", Path: l.path, Err: err}
	if errors.Is(err, ErrLocked) || errors.Is(err, context.Canceled) {
		e.Holder = currentHolder(fsys, file)
	}
	return e
}
