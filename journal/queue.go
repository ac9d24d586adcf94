package journal

import (
	"runtime"
	"sync"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/journal/record"
)

// queue holds the transactions that are sequenced and not logged yet, in commit
// order. One of their committers at a time leads: it writes a group for all.
type queue struct {
	mu      sync.Mutex
	waiting []*request
	leading bool
	doomed  error // set while everything that is sequenced fails for lack of room
	next    turn  // taken by the next group
	flight  sync.WaitGroup
}

// request is what one committer wants logged and applied.
type request struct {
	seq     uint64
	records []byte
	mark    bool       // says how far the files are durable, and changes none
	set     *apply.Set // nil for a mark
	changes []*apply.Change
	staged  []string

	lsn  record.LSN
	err  error
	wake chan wakeup // capacity 1: one message at a time
}

type wakeup int

const (
	wakeDone wakeup = iota
	wakeLead
)

// turn lets groups be applied in their order: it is closed when it has come.
type turn chan struct{}

func openTurn() turn {
	t := make(turn)
	close(t)
	return t
}

// enqueue takes the request's place in the commit order, and publishes its changes
// for those that come after it. A transaction does it under the writer lock. It
// fails once the journal is closed or poisoned.
func (j *Journal) enqueue(r *request) error {
	q := &j.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	if q.doomed != nil {
		return q.doomed
	}
	r.wake = make(chan wakeup, 1)
	// Before a leader can see it: it may be applied at once, and forgotten as pending.
	r.seq = j.seq.Add(1)
	j.pending.add(r.seq, r.changes)
	q.waiting = append(q.waiting, r)
	q.flight.Add(1)
	return nil
}

// await returns when the request is logged and applied, or has failed. The caller
// may have to lead for it.
func (j *Journal) await(r *request) error {
	if j.queue.lead() {
		j.lead()
	}
	for <-r.wake == wakeLead {
		j.lead()
	}
	j.queue.flight.Done()
	return r.err
}

// lead makes the caller the leader if there is none.
func (q *queue) lead() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.leading || len(q.waiting) == 0 {
		return false
	}
	q.leading = true
	return true
}

// lead logs one group, hands the lead on, and applies the group. While it applies,
// the next leader logs.
func (j *Journal) lead() {
	if j.active.Load() > 1 {
		runtime.Gosched() // others that are about to commit get into the same group
	}
	batch, mine := j.queue.take()
	lsn, err := j.logBatch(batch)
	if err != nil && j.poisoned() == nil {
		<-mine.turn
		j.abort(batch, err)
		j.queue.handOn()
		close(mine.following)
		return
	}
	j.queue.handOn()

	<-mine.turn
	if err == nil {
		err = j.applyBatch(batch, lsn)
	}
	j.finish(batch, lsn, err)
	close(mine.following)
}

// logBatch writes the requests as one group. Once writing has begun, an error
// poisons the journal; before, nothing has happened.
func (j *Journal) logBatch(batch []*request) (record.LSN, error) {
	if err := j.poisoned(); err != nil {
		return 0, err
	}
	if !j.opened {
		if err := j.logOpen(); err != nil {
			j.opened = false
			return 0, err
		}
	}
	group := append(j.group[:0], make([]byte, record.HeaderSize)...)
	for _, r := range batch {
		group = append(group, r.records...)
	}
	j.group = group
	if len(group) == record.HeaderSize { // they only read
		return j.log.last(), nil
	}
	if err := j.log.reserve(len(group), batch[0].mark); err != nil {
		return 0, err
	}
	lsn, err := j.log.write(group)
	if err != nil {
		return 0, j.poison(err)
	}
	j.stats.group(len(batch), len(group))
	return lsn, nil
}

// abort fails the requests, for which there was no room in the log, and all that
// were sequenced after them: they may have read what will not be. When it returns
// nothing is pending, and the journal can be used.
func (j *Journal) abort(batch []*request, err error) {
	q := &j.queue
	q.mu.Lock()
	q.doomed = err // nobody enters any more
	batch = append(batch, q.waiting...)
	q.waiting = nil
	q.mu.Unlock()
	// Before the writer lock is taken: who holds it may wait for one of them.
	j.finish(batch, 0, err)

	j.writer <- struct{}{} // whoever holds it may have read it too, and is refused
	j.pending.reset()
	q.mu.Lock()
	q.doomed = nil
	q.mu.Unlock()
	<-j.writer
}

// finish tells the committers.
func (j *Journal) finish(batch []*request, lsn record.LSN, err error) {
	for _, r := range batch {
		r.lsn, r.err = lsn, err
		if err == nil {
			j.pending.applied(r.seq, r.changes)
		}
		r.wake <- wakeDone
	}
}

type place struct{ turn, following turn }

// take removes from the queue what goes into one group.
func (q *queue) take() ([]*request, place) {
	q.mu.Lock()
	defer q.mu.Unlock()
	size, n := 0, 0
	for n < len(q.waiting) && (n == 0 || size+len(q.waiting[n].records) <= maxGroup) {
		size += len(q.waiting[n].records)
		n++
	}
	batch := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	p := place{turn: q.next, following: make(turn)}
	q.next = p.following
	return batch, p
}

// handOn makes the first that waits the leader.
func (q *queue) handOn() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.leading = false
		return
	}
	q.waiting[0].wake <- wakeLead
}
