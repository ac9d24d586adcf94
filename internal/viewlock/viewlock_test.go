package viewlock_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/forewrite/forewrite/internal/layout"
	"github.com/forewrite/forewrite/internal/lockwait"
	"github.com/forewrite/forewrite/internal/viewlock"
)

const patience = 2 * time.Second

// place is a journal directory, on the clock of a synctest bubble.
type place struct {
	*testing.T
	dir *layout.Dir
}

// in runs fn in a bubble with a new journal directory.
func in(t *testing.T, fn func(p place)) {
	t.Parallel()
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		dir, err := layout.Create(root, "")
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		fn(place{t, dir})
	})
}

func (p place) owner() *viewlock.Owner {
	p.Helper()
	o, err := viewlock.OpenOwner(p.dir)
	if err != nil {
		p.Fatal(err)
	}
	return o
}

func (p place) reader() *viewlock.Reader {
	p.Helper()
	r, err := viewlock.OpenReader(p.Context(), p.dir, -1)
	if err != nil {
		p.Fatal(err)
	}
	return r
}

func (p place) close(c interface{ Close() error }) {
	p.Helper()
	if err := c.Close(); err != nil {
		p.Error(err)
	}
}

// exclude excludes the readers, and says how long that took.
func (p place) exclude(o *viewlock.Owner) time.Duration {
	p.Helper()
	start := time.Now()
	if err := o.Exclude(); err != nil {
		p.Error(err)
	}
	return time.Since(start)
}

func (p place) admit(o *viewlock.Owner) {
	p.Helper()
	if err := o.Admit(); err != nil {
		p.Error(err)
	}
}

// refused checks that no reader is let in.
func (p place) refused(when string) {
	p.Helper()
	r, err := viewlock.OpenReader(p.Context(), p.dir, -1)
	if !errors.Is(err, lockwait.ErrLocked) {
		p.Errorf("a reader %s: %v, want ErrLocked", when, err)
	}
	if err == nil {
		r.Close()
	}
}

func TestReadersAreKeptOutFromExcludeToAdmit(t *testing.T) {
	in(t, func(p place) {
		o := p.owner()
		defer p.close(o)
		p.close(p.reader())
		for range 2 {
			if took := p.exclude(o); took != 0 {
				p.Errorf("Exclude without readers took %v", took)
			}
			p.refused("while they are excluded")
			p.admit(o)
			r, other := p.reader(), p.reader() // readers don't exclude each other
			p.close(r)
			p.close(other)
		}
	})
}

func TestTheOwnerWaitsForAReaderAndLetsNoOtherIn(t *testing.T) {
	in(t, func(p place) {
		o := p.owner()
		defer p.close(o)
		r := p.reader()
		var group sync.WaitGroup
		group.Go(func() {
			time.Sleep(patience / 4)
			p.refused("while the owner waits")
			time.Sleep(patience / 4)
			if err := r.Err(); err != nil {
				p.Errorf("the reader that the owner waits for: %v", err)
			}
			p.close(r)
		})
		if took := p.exclude(o); took < patience/2 || took > patience*3/4 {
			p.Errorf("Exclude took %v, the reader %v", took, patience/2)
		}
		group.Wait()
		p.refused("after the owner has waited")
		p.admit(o)
		p.close(p.reader())
	})
}

func TestAReaderThatTakesTooLongLosesItsView(t *testing.T) {
	in(t, func(p place) {
		o := p.owner()
		defer p.close(o)
		stuck := p.reader()
		if took := p.exclude(o); took < patience || took > patience+time.Second/10 {
			p.Errorf("Exclude took %v", took)
		}
		if err := stuck.Err(); err != viewlock.ErrLost {
			p.Errorf("the reader that was overrun: %v", err)
		}
		p.refused("while they are excluded, one in vain")
		p.admit(o)

		later := p.reader()
		if err := later.Err(); err != nil {
			p.Errorf("a reader that came later: %v", err)
		}
		p.close(later)
		if took := p.exclude(o); took > time.Second/10 {
			p.Errorf("the owner has waited again for the reader that has lost its view, %v", took)
		}
		p.admit(o)

		p.close(stuck)
		p.exclude(o)
		p.admit(o)
		next := p.reader()
		defer p.close(next)
		if took := p.exclude(o); took < patience {
			p.Errorf("when the first is gone, the owner has waited for another for %v", took)
		}
		if err := next.Err(); err != viewlock.ErrLost {
			p.Errorf("the second reader that was overrun: %v", err)
		}
		p.admit(o)
	})
}

// The count of overruns goes on where the last owner's has ended, or a reader that was
// there before would not see that it has changed.
func TestTheNextOwnerOverrunsVisibly(t *testing.T) {
	in(t, func(p place) {
		first := p.reader0()
		o := p.owner()
		p.exclude(o)
		p.admit(o)
		second := p.reader()
		p.close(first)
		p.close(o)
		o = p.owner()
		defer p.close(o)
		p.exclude(o)
		if err := second.Err(); err != viewlock.ErrLost {
			p.Errorf("%v", err)
		}
		p.admit(o)
		p.close(second)
	})
}

// reader0 is a reader of a journal that has its lock files, but no owner.
func (p place) reader0() *viewlock.Reader {
	p.Helper()
	p.close(p.owner())
	return p.reader()
}

func TestAReaderWaitsNoLongerThanItMay(t *testing.T) {
	in(t, func(p place) {
		o := p.owner()
		defer p.close(o)
		p.exclude(o)
		for name, tt := range map[string]struct {
			timeout, deadline, after time.Duration
		}{
			"not at all": {timeout: -1},
			"a timeout":  {timeout: time.Second, after: time.Second},
			"a deadline": {deadline: time.Minute / 4, after: time.Minute / 4},
			"30 s":       {after: 30 * time.Second},
		} {
			ctx, cancel := p.Context(), context.CancelFunc(func() {})
			if tt.deadline > 0 {
				ctx, cancel = context.WithTimeout(ctx, tt.deadline)
			}
			start := time.Now()
			_, err := viewlock.OpenReader(ctx, p.dir, tt.timeout)
			if took := time.Since(start); !errors.Is(err, lockwait.ErrLocked) || took != tt.after {
				p.Errorf("%s: %v after %v", name, err, took)
			}
			cancel()
		}
		var group sync.WaitGroup
		group.Go(func() {
			time.Sleep(10 * time.Second)
			p.admit(o)
		})
		r, err := viewlock.OpenReader(p.Context(), p.dir, 0)
		if err != nil {
			p.Fatal(err)
		}
		group.Wait()
		p.close(r)
		if took := p.exclude(o); took != 0 { // the readers that gave up have left nothing locked
			p.Errorf("Exclude took %v", took)
		}
		p.admit(o)
	})
}

func TestHasOwnerFromReadyToClose(t *testing.T) {
	in(t, func(p place) {
		has := func(when string, want bool) {
			p.Helper()
			if got, err := viewlock.HasOwner(p.dir); got != want || err != nil {
				p.Errorf("%s: %v, %v", when, got, err)
			}
		}
		p.becomesReady() // makes READY
		for range 2 {
			o := p.owner()
			has("while it recovers", false)
			start := time.Now()
			if err := o.Ready(p.Context()); err != nil {
				p.Fatal(err)
			}
			if took := time.Since(start); took != 0 { // HasOwner has left nothing locked
				p.Errorf("Ready took %v", took)
			}
			has("when it is ready", true)
			has("when it is ready, again", true)
			p.close(o)
			has("when it has closed", false)
		}
	})
}

// becomesReady is a session that does nothing.
func (p place) becomesReady() {
	p.Helper()
	o := p.owner()
	if err := o.Ready(p.Context()); err != nil {
		p.Error(err)
	}
	p.close(o)
}

func TestOpenDoesNotFollowALink(t *testing.T) {
	in(t, func(p place) {
		if _, err := viewlock.OpenReader(p.Context(), p.dir, -1); !errors.Is(err, fs.ErrNotExist) {
			p.Errorf("a reader of a journal without VIEW: %v", err)
		}
		elsewhere := p.dir.Path("elsewhere")
		if err := os.WriteFile(elsewhere, nil, 0o600); err != nil {
			p.Fatal(err)
		}
		p.close(p.owner())
		for _, name := range []string{layout.ViewFile, layout.GateFile} {
			file := p.dir.Path(name)
			if err := errors.Join(os.Rename(file, file+"-away"), os.Symlink(elsewhere, file)); err != nil {
				p.Fatal(err)
			}
			if o, err := viewlock.OpenOwner(p.dir); err == nil {
				p.Errorf("the owner has followed a link at %s", name)
				o.Close()
			}
			if err := os.Rename(file+"-away", file); err != nil {
				p.Fatal(err)
			}
		}
	})
}
