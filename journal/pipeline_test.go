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
		go p.await(r)
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

func TestPipelineAbortFailsAllThatMayHaveReadIt(t *testing.T) {
	t.Parallel()
	full := errors.New("no space")
	l := &fakeLog{full: full}
	p := l.pipeline()
	before := p.aborted.Load()
	first, second := newRequest("a"), newRequest("b")
	for _, r := range []*request{first, second} {
		if err := p.enqueue(r, before); err != nil {
			t.Fatal(err)
		}
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
	if err := p.enqueue(newRequest("a"), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
}
