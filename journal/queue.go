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
	mu      shortLock
	waiting []*request
	leading bool
	logged  int   // requests in the log whose committers were not told yet
	doomed  error // set while everything that is sequenced fails for lack of room
	next    turn  // taken by the next group
	flight  sync.WaitGroup
}

// ready reports whether it is time for the next group. Its changes can't be made
// before those of the groups that are being applied, and the committers of these
// will be back in a moment; a group of a few that does not wait for them costs an
// fsync of its own, and all others wait for that.
func (q *queue) ready() bool {
	return !q.leading && len(q.waiting) > 0 && len(q.waiting) >= q.logged
}

// request is what one committer wants logged and applied.
type request struct {
	seq     uint64
	records []byte
	mark    bool       // says how far the files are durable, and changes none
	set     *apply.Set // nil for a mark
	changes []*apply.Change
	staged  []string

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

// lead makes the caller the leader if there is none, and it is time for a group.
func (q *queue) lead() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.ready() {
		return false
	}
	q.leading = true
	return true
}

// lead logs one group, hands the lead on, and applies the group. While it applies,
// the next leader may log.
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
		batch, err = j.applyBatch(batch, lsn)
	}
	for _, r := range batch {
		j.finish(r, err)
	}
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
		recycle(r.records)
		r.records = nil
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
	q.logged += len(q.waiting) // as if they had been taken
	q.waiting = nil
	q.mu.Unlock()
	// Before the writer lock is taken: who holds it may wait for one of them.
	for _, r := range batch {
		j.finish(r, err)
	}

	j.writer <- struct{}{} // whoever holds it may have read it too, and is refused
	j.pending.reset()
	q.mu.Lock()
	q.doomed = nil
	q.mu.Unlock()
	<-j.writer
}

// finish tells the committer. Nothing of the request may be touched afterwards.
func (j *Journal) finish(r *request, err error) {
	r.err = err
	if err == nil {
		j.pending.applied(r.seq, r.changes)
	}
	r.wake <- wakeDone
	j.queue.told()
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
	q.logged += n
	p := place{turn: q.next, following: make(turn)}
	q.next = p.following
	return batch, p
}

// handOn ends the lead of the caller.
func (q *queue) handOn() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.leading = false
	q.call()
}

// told counts a committer out that has been told.
func (q *queue) told() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.logged--
	q.call()
}

// call makes the first that waits the leader, if it is time for a group.
func (q *queue) call() {
	if q.ready() {
		q.leading = true
		q.waiting[0].wake <- wakeLead
	}
}
