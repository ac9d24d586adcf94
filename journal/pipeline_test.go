package journal

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/overlay"
	"github.com/forewrite/forewrite/journal/record"
)

// fakeLog records what the pipeline asks its environment for.
type fakeLog struct {
	mu     sync.Mutex
	groups [][]uint64 // sequence numbers, as written
	events []string
	full   error // returned by write
	broken error // returned by apply
}

func (l *fakeLog) pipeline() *pipeline {
	return &pipeline{write: l.write, apply: l.apply, inFlight: new(overlay.InFlight)}
}

// reach waits until n groups are written, and then a moment in which no other must be.
func (l *fakeLog) reach(t *testing.T, n int) {
	t.Helper()
	written := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.groups)
	}
	for deadline := time.Now().Add(10 * time.Second); written() < n && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(step)
	if got := written(); got != n {
		t.Errorf("%d groups are written, want %d", got, n)
	}
}

func (l *fakeLog) write(batch []*request) (record.LSN, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.full != nil {
		return 0, l.full
	}
	var seqs []uint64
	for _, r := range batch {
		seqs = append(seqs, r.seq)
	}
	l.groups = append(l.groups, seqs)
	l.events = append(l.events, fmt.Sprint("write ", len(l.groups)))
	return record.LSN(len(l.groups)), nil
}

func (l *fakeLog) apply(batch []*request, lsn record.LSN, done func(*request)) (int, error) {
	l.mu.Lock()
	l.events = append(l.events, fmt.Sprint("apply ", lsn))
	broken := l.broken
	l.mu.Unlock()
	if broken != nil {
		return 0, broken
	}
	for _, r := range batch {
		done(r)
	}
	return len(batch), nil
}

// start awaits the request in the background; close waits for it.
func start(p *pipeline, r *request) {
	p.enter()
	go func() {
		defer p.leave()
		p.await(r)
	}()
}

func newRequest(path string) *request {
	i := record.Intent{Op: record.OpPut, Path: path, Payload: record.Inline([]byte("x"))}
	return &request{records: []byte("records"), changes: []*apply.Change{{Intent: i}}}
}

func TestPipelineAppliesGroupsInTheOrderOfTheLog(t *testing.T) {
	t.Parallel()
	l := new(fakeLog)
	p := l.pipeline()
	const committers, each = 16, 50
	var order sync.Mutex // as the writer lock
	var group sync.WaitGroup
	for c := range committers {
		group.Go(func() {
			for range each {
				r := newRequest(fmt.Sprint("f", c))
				order.Lock()
				err := p.enqueue(r, p.aborted.Load())
				order.Unlock()
				if err == nil {
					err = p.await(r)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	seqs := slices.Concat(l.groups...)
	if len(seqs) != committers*each || !slices.IsSorted(seqs) {
		t.Errorf("%d requests were written, sorted: %v", len(seqs), slices.IsSorted(seqs))
	}
	applied := 0
	for _, e := range l.events {
		var n int
		if _, err := fmt.Sscanf(e, "apply %d", &n); err == nil {
			if n != applied+1 {
				t.Fatalf("group %d was applied after %d", n, applied)
			}
			applied = n
		}
	}
	if n := p.inFlight.Len(); n != 0 {
		t.Errorf("%d paths are in flight", n)
	}
}

// While a group is applied, one more is written, and no further one.
func TestPipelineWritesOneGroupAhead(t *testing.T) {
	t.Parallel()
	l := new(fakeLog)
	p := l.pipeline()
	wrote, resume := make(chan struct{}, 3), make(chan struct{})
	p.write = func(batch []*request) (record.LSN, error) {
		defer func() { wrote <- struct{}{} }()
		return l.write(batch)
	}
	p.apply = func(batch []*request, lsn record.LSN, done func(*request)) (int, error) {
		<-resume
		return l.apply(batch, lsn, done)
	}
	commit := func(n int) {
		r := newRequest(fmt.Sprint("f", n))
		if err := p.enqueue(r, nil); err != nil {
			t.Error(err)
		}
		start(p, r)
	}
	for n := range 2 {
		commit(n)
		<-wrote
	}
	for n := 2; n < 5; n++ { // more than are being applied, so that only the lead keeps them back
		commit(n)
	}
	select {
	case <-wrote:
		t.Error("a third group was written while the first is applied")
	case <-time.After(50 * time.Millisecond):
	}
	if got := p.inFlight.Len(); got != 5 {
		t.Errorf("%d paths in flight", got)
	}
	close(resume)
	p.close()
	if got := len(l.groups); got != 3 {
		t.Errorf("%d groups were written in the end", got)
	}
}

// step is how long a test waits for what must not happen.
const step = 30 * time.Millisecond

// The leader hands the lead on when nobody can be before it any more in applying: else
// groups could be applied in another order than that of the log.
func TestPipelineHandsTheLeadOnWhenItIsItsTurnToApply(t *testing.T) {
	t.Parallel()
	l := new(fakeLog)
	p := l.pipeline()
	p.applying.Lock() // the group before
	for n := range 2 {
		r := newRequest(fmt.Sprint("f", n))
		if err := p.enqueue(r, nil); err != nil {
			t.Fatal(err)
		}
		start(p, r)
		l.reach(t, 1) // also after the second: it is not the first one's turn yet
	}
	p.applying.Unlock()
	p.close()
	if got := len(l.groups); got != 2 {
		t.Errorf("%d groups were written in the end", got)
	}
}

// A group of a few waits for the committers of the larger one before it.
func TestPipelineDoesNotWriteAFewWhileManyAreApplied(t *testing.T) {
	t.Parallel()
	l := new(fakeLog)
	p := l.pipeline()
	acknowledge := make(chan struct{})
	p.apply = func(batch []*request, lsn record.LSN, done func(*request)) (int, error) {
		for _, r := range batch {
			<-acknowledge
			done(r)
		}
		return len(batch), nil
	}
	var many []*request
	for n := range 3 {
		r := newRequest(fmt.Sprint("f", n))
		if err := p.enqueue(r, nil); err != nil {
			t.Fatal(err)
		}
		many = append(many, r)
	}
	for _, r := range many {
		start(p, r)
	}
	acknowledge <- struct{}{} // they are written: two are left to be acknowledged
	few := newRequest("few")
	if err := p.enqueue(few, nil); err != nil {
		t.Fatal(err)
	}
	start(p, few)
	l.reach(t, 1) // two requests of the first group are not done
	acknowledge <- struct{}{}
	l.reach(t, 2) // one is not done, and one waits
	close(acknowledge)
	p.close()
}

func TestPipelineLimitsTheSizeOfAGroup(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sizes  []int
		groups [][]uint64
	}{
		"small ones":             {[]int{1, 2, 3}, [][]uint64{{1, 2, 3}}},
		"just enough":            {[]int{maxGroup / 2, maxGroup - maxGroup/2, 1}, [][]uint64{{1, 2}, {3}}},
		"too much for one":       {[]int{maxGroup/2 + 1, maxGroup / 2, 1}, [][]uint64{{1}, {2, 3}}},
		"larger than a group":    {[]int{1, 3 * maxGroup, 1}, [][]uint64{{1}, {2}, {3}}},
		"the first one is large": {[]int{3 * maxGroup, 1}, [][]uint64{{1}, {2}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := new(fakeLog)
			p := l.pipeline()
			var all []*request
			for n, size := range tt.sizes {
				r := newRequest(fmt.Sprint("f", n))
				r.records = make([]byte, size)
				if err := p.enqueue(r, nil); err != nil {
					t.Fatal(err)
				}
				all = append(all, r)
			}
			var group sync.WaitGroup
			for _, r := range all {
				group.Go(func() {
					if err := p.await(r); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if !slices.EqualFunc(l.groups, tt.groups, slices.Equal[[]uint64]) {
				t.Errorf("groups %v, want %v", l.groups, tt.groups)
			}
		})
	}
}

// A committer goes on when its request is done. What it does next must not find its own
// change in flight.
func TestPipelineForgetsAChangeBeforeItIsAcknowledged(t *testing.T) {
	t.Parallel()
	l := new(fakeLog)
	p := l.pipeline()
	applying, resume := make(chan struct{}), make(chan struct{})
	p.apply = func(batch []*request, lsn record.LSN, done func(*request)) (int, error) {
		close(applying)
		<-resume
		return l.apply(batch, lsn, done)
	}
	first, leader := newRequest("a"), newRequest("b")
	for _, r := range []*request{first, leader} {
		if err := p.enqueue(r, nil); err != nil {
			t.Fatal(err)
		}
	}
	start(p, leader)
	<-applying
	p.mu.Lock() // stops the leader after it has woken the first
	close(resume)
	if message := <-first.wake; message != wakeDone {
		t.Errorf("message %v", message)
	}
	if c, _ := p.inFlight.Lookup("a"); c != nil {
		t.Error("an acknowledged change is in flight")
	}
	p.mu.Unlock()
	p.close()
}

// What is committed and not applied yet is still read in flight when a later group
// can't be written.
func TestPipelineAbortsAfterTheGroupsBefore(t *testing.T) {
	t.Parallel()
	l := new(fakeLog)
	p := l.pipeline()
	resume := make(chan struct{})
	p.apply = func(batch []*request, lsn record.LSN, done func(*request)) (int, error) {
		<-resume
		return l.apply(batch, lsn, done)
	}
	before := p.aborted.Load()
	commit := func(name string) <-chan error {
		r, outcome := newRequest(name), make(chan error, 1)
		if err := p.enqueue(r, before); err != nil {
			t.Fatal(err)
		}
		go func() { outcome <- p.await(r) }()
		return outcome
	}
	first := commit("a")
	l.reach(t, 1)
	l.mu.Lock()
	l.full = errors.New("no space")
	l.mu.Unlock()
	second := commit("b")
	time.Sleep(step)
	defer p.close()
	if c, _ := p.inFlight.Lookup("a"); c == nil {
		t.Error("a committed change that is not applied is not in flight any more")
	}
	select {
	case err := <-second:
		close(resume)
		t.Fatalf("aborted before the group before it was applied: %v", err)
	default:
	}
	close(resume)
	if err := <-first; err != nil {
		t.Errorf("the group before: %v", err)
	}
	if err := <-second; !errors.Is(err, l.full) {
		t.Errorf("the group that was not written: %v", err)
	}
}

// A poisoned journal does not know what is in the log. What it read in flight stays.
func TestPipelineThatIsPoisonedKeepsWhatIsInFlight(t *testing.T) {
	t.Parallel()
	l := &fakeLog{full: ErrPoisoned}
	p := l.pipeline()
	r := newRequest("a")
	if err := p.enqueue(r, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.await(r); !errors.Is(err, ErrPoisoned) {
		t.Errorf("%v", err)
	}
	if n := p.inFlight.Len(); n != 1 || p.aborted.Load() != nil {
		t.Errorf("%d paths in flight, aborted: %v", n, p.aborted.Load())
	}
}

func TestPipelineAbortFailsAllThatMayHaveReadIt(t *testing.T) {
	t.Parallel()
	full := errors.New("no space")
	l := &fakeLog{full: full}
	p := l.pipeline()
	before := p.aborted.Load()
	first, second := newRequest("a"), newRequest("b")
	p.write = func(batch []*request) (record.LSN, error) {
		if batch[0] == first { // the other one comes while it is written
			if err := p.enqueue(second, before); err != nil {
				t.Error(err)
			}
		}
		return l.write(batch)
	}
	if err := p.enqueue(first, before); err != nil {
		t.Fatal(err)
	}
	if err := p.await(first); !errors.Is(err, full) {
		t.Errorf("the request itself: %v", err)
	}
	if err := p.await(second); !errors.Is(err, full) {
		t.Errorf("a request in the queue: %v", err)
	}
	if n := p.inFlight.Len(); n != 0 {
		t.Errorf("%d paths are in flight", n)
	}
	if p.unacknowledged != 0 || p.leading {
		t.Errorf("%d requests count as written, leading: %v", p.unacknowledged, p.leading)
	}
	if err := p.enqueue(newRequest("c"), before); !errors.Is(err, full) {
		t.Errorf("a transaction that began before: %v", err)
	}
	l.full = nil
	r := newRequest("c")
	if err := p.enqueue(r, p.aborted.Load()); err != nil {
		t.Fatalf("a transaction that began after it: %v", err)
	}
	if err := p.await(r); err != nil {
		t.Errorf("a transaction that began after it: %v", err)
	}
}

func TestPipelineFailsWhatCouldNotBeApplied(t *testing.T) {
	t.Parallel()
	l := &fakeLog{broken: ErrCommitted}
	p := l.pipeline()
	r := newRequest("a")
	if err := p.enqueue(r, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.await(r); !errors.Is(err, ErrCommitted) {
		t.Errorf("%v", err)
	}
	if n := p.inFlight.Len(); n != 1 {
		t.Errorf("%d paths are in flight: what is committed must still be read", n)
	}
}

func TestPipelineThatIsClosedRefuses(t *testing.T) {
	t.Parallel()
	p := new(fakeLog).pipeline()
	p.close()
	if err := p.enter(); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
}
