package journal

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/internal/overlay"
	"github.com/forewrite/forewrite/journal/record"
)

// pipeline takes transactions from their place in the commit order to the files.
//
//	committer                   leader                                    committer
//	---------                   ------                                    ---------
//	prepare
//	lock writer
//	enqueue: commit order, --->  take a batch from the queue
//	         overlay             write: one group, one fsync  <- commit point
//	unlock writer                lock applying
//	wait                         hand the lead on  (the next leader writes)
//	                             apply, request by request ------------->  return
//	                             unlock applying
//
// A committer that finds nobody leading becomes the leader and writes one group for
// all that are in the queue. While it applies the group, the next leader writes the
// next one. It holds applying before it hands the lead on: groups are applied in the
// order in which they were written, and the log is at most one group ahead.
//
// If a group can't be written for a reason that leaves the log as it was (no space for
// the next segment), all that are in the queue fail with it: they may have read what it
// wanted to write. So may transactions that are not in the queue yet; they are refused
// when they get there.
//
// # Locks
//
// In the order in which they are acquired; a goroutine that holds one acquires only
// later ones:
//
//	writer            held by a transaction from its first dependent read until it is
//	                  in the queue: transactions that depend on what is there run one
//	                  after the other
//	checkpointer.mu   one checkpoint at a time; its mark goes through the pipeline
//	applying          one group at a time is applied
//	VIEW, GATE        file locks towards readers in other processes
//	snapshot turn     no snapshot is opened while a group is applied
//	mu                the queue
//	leaves            overlay, snapshot versions, uncheckpointed, logwriter
type pipeline struct {
	write func(batch []*request) (record.LSN, error)
	apply func(batch []*request, lsn record.LSN, done func(*request)) (applied int, err error)

	inFlight *overlay.InFlight
	aborted  atomic.Pointer[error] // the last failure that left the log usable; a transaction that was begun before it is refused

	applying sync.Mutex

	mu             sync.Mutex
	queue          []*request // in commit order
	leading        bool
	unacknowledged int    // requests in the log
	seq            uint64 // place in the commit order of the last request
	closed         bool
	users          sync.WaitGroup // that have entered
}

// request is what one committer wants logged and applied.
type request struct {
	seq        uint64
	records    []byte
	checkpoint bool       // a checkpoint's mark, which changes no file
	set        *apply.Set // nil for a mark
	changes    []*apply.Change

	err  error
	wake chan wakeup // capacity 1: one message at a time
}

// changesFiles reports whether the request is neither a mark nor a transaction that
// only reads.
func changesFiles(r *request) bool { return len(r.changes) > 0 }

type wakeup int

const (
	wakeDone wakeup = iota
	wakeLead
)

// enqueue gives the request its place in the commit order and publishes its changes
// for transactions that come after it. A transaction does it under the writer lock. It
// is refused if what it may have read was aborted since aborted was loaded.
func (p *pipeline) enqueue(r *request, aborted *error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.aborted.Load(); now != aborted && !r.checkpoint { // which reads nothing
		return *now
	}
	r.wake = make(chan wakeup, 1)
	p.seq++
	r.seq = p.seq
	p.inFlight.Publish(r.seq, r.changes)
	p.queue = append(p.queue, r)
	return nil
}

// await returns when the request is logged and applied, or has failed. The caller may
// have to lead for it.
func (p *pipeline) await(r *request) error {
	if p.tryLead() {
		p.lead()
	}
	for <-r.wake == wakeLead {
		p.lead()
	}
	return r.err
}

func (p *pipeline) tryLead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	ready := p.ready()
	p.leading = p.leading || ready
	return ready
}

// ready reports whether it is time for the next group. Its changes can't be made before
// those of the group that is being applied, and the committers of that one will be back
// in a moment; a group of a few that does not wait for them costs an fsync of its own,
// and all others wait for that.
func (p *pipeline) ready() bool {
	return !p.leading && len(p.queue) > 0 && len(p.queue) >= p.unacknowledged
}

// promote makes the first request in the queue the leader, if it is time.
func (p *pipeline) promote() {
	if p.ready() {
		p.leading = true
		p.queue[0].wake <- wakeLead
	}
}

// lead writes one group, hands the lead on, and applies the group.
func (p *pipeline) lead() {
	batch := p.nextBatch()
	lsn, err := p.write(batch)
	p.applying.Lock()
	defer p.applying.Unlock()
	if err != nil && !errors.Is(err, ErrPoisoned) {
		p.abort(batch, err)
		return
	}
	p.handOn()
	applied := 0
	if err == nil {
		applied, err = p.apply(batch, lsn, p.done)
	}
	p.fail(batch[applied:], err)
}

// nextBatch removes from the queue what goes into one group. The mark of a checkpoint
// gets a group of its own: on a full disk it may use room that others may not, and they
// must not take it down with them.
func (p *pipeline) nextBatch() []*request {
	p.mu.Lock()
	defer p.mu.Unlock()
	size, n := 0, 0
	for n < len(p.queue) && (n == 0 || !p.queue[0].checkpoint && !p.queue[n].checkpoint && size+len(p.queue[n].records) <= maxGroup) {
		size += len(p.queue[n].records)
		n++
	}
	batch := p.queue[:n:n]
	p.queue = p.queue[n:]
	p.unacknowledged += n
	return batch
}

// handOn ends the lead of the caller.
func (p *pipeline) handOn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leading = false
	p.promote()
}

// done acknowledges an applied request. Nothing of it may be used afterwards.
func (p *pipeline) done(r *request) {
	p.inFlight.Applied(r.seq, r.changes)
	p.acknowledge(r)
}

// fail acknowledges requests that could not be written or applied.
func (p *pipeline) fail(batch []*request, err error) {
	for _, r := range batch {
		r.err = err
		p.acknowledge(r)
	}
}

func (p *pipeline) acknowledge(r *request) {
	r.wake <- wakeDone
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unacknowledged--
	p.promote()
}

// abort fails the batch and all transactions that come after it. All groups before it
// are applied, as the caller holds applying, so that nothing in flight remains. A mark
// that waits depends on none of them, and stays in the queue.
func (p *pipeline) abort(batch []*request, err error) {
	p.mu.Lock()
	var marks []*request
	for _, r := range p.queue {
		if r.checkpoint {
			marks = append(marks, r)
		} else {
			batch = append(batch, r)
			p.unacknowledged++ // until fail has acknowledged it
		}
	}
	p.queue = marks
	p.leading = false
	// In this order: a transaction that loads the new stamp must not find in the
	// overlay any more what will not be.
	p.inFlight.Reset()
	p.aborted.Store(&err)
	p.mu.Unlock()
	p.fail(batch, err)
}

// enter keeps close waiting until leave is called: a committer uses files and log from
// when it prepares. It fails after close.
func (p *pipeline) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.users.Add(1)
	return nil
}

func (p *pipeline) leave() { p.users.Done() }

// close refuses further users and waits for those that have entered.
func (p *pipeline) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.users.Wait()
}
