package atomic_test

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/forewrite/forewrite/atomic"
	"github.com/forewrite/forewrite/internal/fsx"
)

// childHold acquires the lock and holds it until it is killed.
func childHold() {
	_, err := atomic.Lock(context.Background(), os.Args[1], nil)
	childFatal(err)
	os.Stdout.WriteString("\n")
	time.Sleep(time.Minute)
}

// isLockError reports whether err is an *Error about the acquisition of a lock.
func isLockError(err error) bool {
	var typed *atomic.Error
	return errors.As(err, &typed) && typed.Op == "lock"
}

func mustLock(t *testing.T, path string) *atomic.FileLock {
	t.Helper()
	l, err := atomic.Lock(t.Context(), path, &atomic.LockOptions{Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Unlock() })
	return l
}

func TestKillingTheHolderFreesTheLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	holder := startChild(t, "hold", path)

	_, err := atomic.TryLock(path)
	var typed *atomic.Error
	if !errors.As(err, &typed) || typed.Op != "lock" || !errors.Is(err, atomic.ErrLocked) {
		t.Fatalf("%#v, want an *Error about the lock that is ErrLocked", err)
	}
	if runtime.GOOS == "linux" && typed.Holder.PID != holder.Process.Pid {
		t.Errorf("holder %v, want process %d", typed.Holder, holder.Process.Pid)
	}
	waiting := make(chan struct{})
	got := make(chan error, 1)
	go func() {
		l, err := atomic.Lock(context.Background(), path, &atomic.LockOptions{OnWait: func(atomic.Holder) { close(waiting) }})
		if err == nil {
			err = l.Unlock()
		}
		got <- err
	}()
	select {
	case <-waiting:
	case err := <-got:
		t.Fatalf("Lock returned %v beside the holder", err)
	}
	killed := time.Now()
	holder.Process.Kill()
	holder.Wait()
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	if d := time.Since(killed); d > 2*time.Second {
		t.Errorf("the lock was free only after %v", d)
	}
	wantNames(t, filepath.Dir(path), "lock")
}

func TestLockTimesOut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	holder := startChild(t, "hold", path)
	defer func() { holder.Process.Kill() }()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		what    string
		ctx     func() (context.Context, context.CancelFunc)
		timeout time.Duration
		want    []error
		atLeast time.Duration
	}{
		{"by its timeout", context2(t.Context(), 0), 60 * time.Millisecond, []error{atomic.ErrLocked}, 60 * time.Millisecond},
		{"by a tiny timeout", context2(t.Context(), 0), 1, []error{atomic.ErrLocked}, 0},
		{"by the context, at zero", context2(t.Context(), 60*time.Millisecond), 0, []error{atomic.ErrLocked, context.DeadlineExceeded}, 60 * time.Millisecond},
		{"by the context, at an endless timeout", context2(t.Context(), 60*time.Millisecond), math.MaxInt64, []error{atomic.ErrLocked, context.DeadlineExceeded}, 60 * time.Millisecond},
		{"at once, at a negative timeout", context2(t.Context(), time.Hour), -1, []error{atomic.ErrLocked}, 0},
		{"at once, when the context has ended", context2(ended, 0), 0, []error{context.Canceled}, 0},
	} {
		ctx, cancel := c.ctx()
		start := time.Now()
		_, err := atomic.Lock(ctx, path, &atomic.LockOptions{Timeout: c.timeout})
		cancel()
		took := time.Since(start)
		if !isLockError(err) {
			t.Errorf("%s: %#v is not an *Error about the lock", c.what, err)
		}
		for _, want := range c.want {
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", c.what, err, want)
			}
		}
		if took < c.atLeast || took > c.atLeast+3*time.Second {
			t.Errorf("%s: took %v", c.what, took)
		}
	}
}

func context2(parent context.Context, timeout time.Duration) func() (context.Context, context.CancelFunc) {
	return func() (context.Context, context.CancelFunc) {
		if timeout == 0 {
			return context.WithCancel(parent)
		}
		return context.WithTimeout(parent, timeout)
	}
}

// The context limits the wait, and there is none.
func TestAFreeLockIsAcquiredWithAnEndedContext(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "lock")
	for range 2 {
		l, err := atomic.Lock(ended, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Unlock(); err != nil {
			t.Error(err)
		}
	}
}

func TestOnWaitIsCalledOnceWithTheHolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	theirs := filepath.Join(dir, "theirs")
	process := startChild(t, "hold", theirs)
	ours := filepath.Join(dir, "ours")
	defer mustLock(t, ours).Unlock()
	readers := filepath.Join(dir, "readers")
	reader, err := atomic.RLock(t.Context(), readers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Unlock()
	for what, c := range map[string]struct {
		path    string
		timeout time.Duration
		want    []int // the process numbers of the holders in the calls
	}{
		"another process":     {theirs, 100 * time.Millisecond, []int{process.Process.Pid}},
		"another goroutine":   {ours, 100 * time.Millisecond, []int{os.Getpid()}},
		"a reader":            {readers, 100 * time.Millisecond, []int{0}},
		"no waiting":          {theirs, -1, nil},
		"no need for waiting": {filepath.Join(dir, "free"), 0, nil},
	} {
		var got []int
		opts := &atomic.LockOptions{Timeout: c.timeout, OnWait: func(h atomic.Holder) { got = append(got, h.PID) }}
		l, err := atomic.Lock(t.Context(), c.path, opts)
		if err == nil {
			err = l.Unlock()
		}
		if free := c.timeout == 0; free && err != nil || !free && !errors.Is(err, atomic.ErrLocked) {
			t.Errorf("%s: %v", what, err)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: OnWait was called with processes %v, want %v", what, got, c.want)
		}
	}
}

func TestCancelEndsTheWait(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	defer mustLock(t, path).Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	start := time.Now()
	_, err := atomic.Lock(ctx, path, &atomic.LockOptions{
		Timeout: math.MaxInt64,
		OnWait:  func(atomic.Holder) { go cancel() },
	})
	if !errors.Is(err, context.Canceled) || !isLockError(err) {
		t.Errorf("%v, want context.Canceled", err)
	}
	if errors.Is(err, atomic.ErrLocked) {
		t.Errorf("%v: that was no timeout", err)
	}
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestGoroutinesExcludeEachOther(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	counter := 0 // guarded by the lock only, for the race detector
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 50 {
				l, err := atomic.Lock(t.Context(), path, nil)
				if err != nil {
					t.Error(err)
					return
				}
				counter++
				if err := l.Unlock(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if counter != 16*50 {
		t.Errorf("%d increments, want %d", counter, 16*50)
	}
}

func TestReadersShareAndWritersDoNot(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	short := &atomic.LockOptions{Timeout: 50 * time.Millisecond}
	var readers []*atomic.FileLock
	for range 3 {
		l, err := atomic.RLock(t.Context(), path, short)
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, l)
	}
	if _, err := atomic.Lock(t.Context(), path, short); !errors.Is(err, atomic.ErrLocked) {
		t.Errorf("a writer beside readers: %v", err)
	}
	// The writer that gave up must not block readers.
	l, err := atomic.RLock(t.Context(), path, short)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range append(readers, l) {
		if err := l.Unlock(); err != nil {
			t.Error(err)
		}
	}
	w := mustLock(t, path)
	if _, err := atomic.RLock(t.Context(), path, short); !errors.Is(err, atomic.ErrLocked) {
		t.Errorf("a reader beside a writer: %v", err)
	}
	w.Unlock()
}

func TestUnlockTwiceDoesNotFreeTheNext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first := mustLock(t, path)
	if err := first.Unlock(); err != nil {
		t.Fatal(err)
	}
	second := mustLock(t, path)
	if err := first.Unlock(); err != nil {
		t.Error(err)
	}
	if _, err := atomic.TryLock(path); !errors.Is(err, atomic.ErrLocked) {
		t.Errorf("the second holder lost the lock: %v", err)
	}
	if err := second.Unlock(); err != nil {
		t.Error(err)
	}
}

// A lock that its owner has forgotten stays a lock: were its file closed by the
// garbage collector, another process could acquire it.
func TestAForgottenLockStaysHeld(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the test could not clean up: a locked file can't be removed there")
	}
	path := filepath.Join(t.TempDir(), "lock")
	if _, err := atomic.Lock(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		runtime.GC()
	}
	// By another name of the directory, which is another key in the lock table: only the
	// lock on the file excludes.
	alias := filepath.Join(filepath.Dir(path), "alias")
	symlink(t, ".", alias)
	if _, err := atomic.TryLock(filepath.Join(alias, "lock")); !errors.Is(err, atomic.ErrLocked) {
		t.Errorf("%v, want ErrLockTimeout", err)
	}
}

func TestTheOtherNameOfALockFileIsTheSameLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	symlink(t, ".", filepath.Join(dir, "alias"))
	defer mustLock(t, filepath.Join(dir, "lock")).Unlock()
	_, err := atomic.Lock(t.Context(), filepath.Join(dir, "alias", "lock"), &atomic.LockOptions{Timeout: 20 * time.Millisecond})
	if !errors.Is(err, atomic.ErrLocked) {
		t.Errorf("%v, want ErrLockTimeout", err)
	}
}

func TestBadLockPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), "content")
	symlink(t, "file", filepath.Join(dir, "link"))
	symlink(t, "nowhere", filepath.Join(dir, "dangling"))
	for _, c := range []struct {
		name string
		want error
	}{
		{"link", atomic.ErrSymlink},
		{"dangling", atomic.ErrSymlink},
		{".", syscall.EISDIR},
		{"missing/lock", fs.ErrNotExist},
		{strings.Repeat("n", 256), syscall.ENAMETOOLONG},
	} {
		path := filepath.Join(dir, c.name)
		for how, lock := range map[string]func() (*atomic.FileLock, error){
			"Lock":    func() (*atomic.FileLock, error) { return atomic.Lock(t.Context(), path, nil) },
			"RLock":   func() (*atomic.FileLock, error) { return atomic.RLock(t.Context(), path, nil) },
			"TryLock": func() (*atomic.FileLock, error) { return atomic.TryLock(path) },
		} {
			_, err := lock()
			var typed *atomic.Error
			if !errors.As(err, &typed) || typed.Path != path || typed.Op != "lock" {
				t.Errorf("%s of %s: %#v", how, c.name, err)
			}
			if _, unix := c.want.(syscall.Errno); unix && runtime.GOOS == "windows" {
				continue // another error there
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%s of %s: %v, want %v", how, c.name, err, c.want)
			}
		}
	}
	wantContent(t, filepath.Join(dir, "file"), "content")
	wantNames(t, dir, "dangling", "file", "link")
}

func TestLockFileIsPrivateAndStays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	mustLock(t, path).Unlock()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && fi.Mode() != 0o600 {
		t.Errorf("mode %v, want 0600", fi.Mode())
	}
}

func TestAReplacedLockFileIsNoticed(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a locked file can't be removed there")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	old := mustLock(t, path)
	// This breaks the rule that lock files are never removed.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	old.Unlock()
	fresh := mustLock(t, path)
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the lock is on a file that is gone: %v", err)
	}
	fresh.Unlock()
}

func TestALockIsThatOfThePathWhenWaitingBegan(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	t.Chdir(dir)
	held := mustLock(t, "lock")
	l, err := atomic.Lock(t.Context(), "lock", &atomic.LockOptions{OnWait: func(h atomic.Holder) {
		t.Chdir(other)
		go held.Unlock()
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := atomic.TryLock(filepath.Join(dir, "lock")); !errors.Is(err, atomic.ErrLocked) {
		t.Errorf("%v, want ErrLocked", err)
	}
	if err := l.Unlock(); err != nil {
		t.Error(err)
	}
	wantNames(t, other)
}

// A panic in OnWait, beside another goroutine or another process, must not leave the
// path locked in this one.
func TestAPanicInOnWaitReleasesThePath(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]func(path string) (release func() error, err error){
		"a goroutine": func(path string) (func() error, error) {
			l, err := atomic.Lock(t.Context(), path, nil)
			return l.Unlock, err
		},
		"another process": func(path string) (func() error, error) { // an open file of its own is the same to the kernel
			f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
			if err != nil {
				return nil, err
			}
			if locked, err := fsx.TryLock(f, true); !locked || err != nil {
				return nil, errors.Join(err, errors.New("not locked"))
			}
			return f.Close, nil
		},
	} {
		path := filepath.Join(t.TempDir(), "LOCK")
		release, err := hold(path)
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: OnWait was not called", name)
				}
			}()
			atomic.Lock(t.Context(), path, &atomic.LockOptions{OnWait: func(atomic.Holder) { panic("in OnWait") }})
		}()
		if err := release(); err != nil {
			t.Fatal(err)
		}
		l, err := atomic.Lock(t.Context(), path, &atomic.LockOptions{Timeout: -1})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		l.Unlock()
	}
}
