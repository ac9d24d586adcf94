package journal

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
	"github.com/tidwall/wal"
)

// walLog appends groups to segments. One goroutine at a time may reserve and write.
type walLog struct {
	dir     string // of the segments
	maxSize int64  // to which segments grow

	cur    *openSegment // nil until the session's first group
	batch  wal.Batch    // of one group: its buffer outlives a segment, where the engine's own does not
	number uint64       // of the next segment
	lsn    record.LSN   // of the next group
	prev   uint64       // hash of the last group

	begin sync.Once
	next  chan made // the segment being made in the background; nil when none is

	mu   sync.Mutex
	used []usedSegment // not retired, the current one last
}

// usedSegment says what a segment on disk holds.
type usedSegment struct {
	name segment.Name
	last record.LSN // 0 while it holds nothing
	old  bool       // of a session before; it may hold nothing, whatever last says
}

// openSegment is a ready segment: filled, durable, and open for appending.
type openSegment struct {
	name  segment.Name
	wal   *wal.Log
	file  *os.File // to fsync by
	size  int64
	free  int64 // bytes that are filled and not written yet
	index uint64
}

type made struct {
	segment *openSegment
	err     error
}

// makeSegment makes a segment ready to be appended to, so that switching to it costs
// nothing and a full disk fails here, not in the middle of a commit.
func makeSegment(logDir string, number uint64, size int64) (_ *openSegment, err error) {
	d, err := segment.NewDraft(logDir, number)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Discard())
		}
	}()
	// The engine sees the file while it is empty: it takes zeroes for entries.
	// It does not sync either; write does, when it is time.
	w, err := wal.Open(d.Dir, &wal.Options{NoSync: true, AllowEmpty: true, SegmentSize: math.MaxInt})
	if err != nil {
		return nil, err
	}
	if err := d.Fill(size); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if err := d.Publish(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return &openSegment{name: d.Name, wal: w, file: d.File, size: size, free: size}, nil
}

// close releases the segment's files. What was acknowledged is durable, so that an
// error here loses nothing.
func (e *openSegment) close() error { return errors.Join(e.wal.Close(), e.file.Close()) }

// openLog continues the log that recovery has left: the segments in old, which hold
// nothing that is needed but the last LSN.
func openLog(dir string, next recovery.Next, old []segment.Name, maxSize int64) *walLog {
	l := &walLog{dir: dir, maxSize: maxSize, number: next.Segment, lsn: next.LSN, prev: next.Prev}
	for _, name := range old {
		l.used = append(l.used, usedSegment{name: name, last: next.LSN - 1, old: true})
	}
	return l
}

// warm begins to make the session's first segment, when it becomes likely that it is
// needed: a session that only reads writes nothing.
func (l *walLog) warm() {
	l.begin.Do(func() { l.makeAhead(min(firstSegmentSize, l.maxSize)) })
}

func (l *walLog) use(e *openSegment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cur = e
	l.used = append(l.used, usedSegment{name: e.name})
}

// markRoom is left free in each segment for marks: when the disk is full and no
// next segment can be made, a checkpoint still can be noted, which makes room.
const markRoom = 1 << 10

// reserve makes sure that a group of size bytes, header included, can be written.
// When it fails nothing has happened, and it can be tried again.
func (l *walLog) reserve(size int, mark bool) error {
	need := segment.EntrySize(size)
	if !mark {
		need += markRoom
	}
	if l.cur != nil && l.cur.free >= need {
		if l.next == nil && l.cur.free < l.cur.size/2 {
			l.makeAhead(l.nextSize(0))
		}
		return nil
	}
	e, err := l.nextSegment(need)
	if err != nil {
		return fmt.Errorf("make segment %d: %w", l.number, err)
	}
	old := l.cur
	l.use(e)
	if old != nil {
		old.close() // all that it holds is durable
	}
	return nil
}

// makeAhead makes the next segment in the background.
func (l *walLog) makeAhead(size int64) {
	l.next = make(chan made, 1)
	go func(next chan<- made, number uint64) {
		e, err := makeSegment(l.dir, number, size)
		next <- made{e, err}
	}(l.next, l.number)
}

// nextSize is the size of the next segment: they grow, so that who writes little
// pays little.
func (l *walLog) nextSize(need int64) int64 {
	size := min(firstSegmentSize, l.maxSize)
	if l.cur != nil {
		size = min(4*l.cur.size, l.maxSize)
	}
	return max(need, size)
}

// nextSegment returns a ready segment with room for need bytes.
func (l *walLog) nextSegment(need int64) (*openSegment, error) {
	l.warm()
	if l.next != nil {
		m := <-l.next
		l.next = nil
		if m.err == nil {
			l.number++
			if m.segment.free >= need {
				return m.segment, nil
			}
			l.leave(m.segment)
		}
	}
	e, err := makeSegment(l.dir, l.number, l.nextSize(need))
	if err == nil {
		l.number++
	}
	return e, err
}

// leave leaves a segment behind, unused, that is too small for the next group.
func (l *walLog) leave(e *openSegment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = append(l.used, usedSegment{name: e.name})
	e.close() // it holds nothing
}

// write seals the group and makes it durable: when it returns, a crash can't take
// it back. After an error nothing is known about what is on disk: a later write
// could even succeed and leave a hole before it. The caller must not write again.
func (l *walLog) write(group []byte) (record.LSN, error) {
	e := l.cur
	hash := record.Seal(group, e.name.Salt, l.lsn, l.prev)
	l.batch.Clear()
	l.batch.Write(e.index+1, group)
	if err := e.wal.WriteBatch(&l.batch); err != nil {
		return 0, fmt.Errorf("write group %d to segment %s: %w", l.lsn, e.name, err)
	}
	// The commit point: before it, a power loss may leave nothing of the group,
	// or any part of it, which recovery takes for a torn tail.
	if err := fsx.Datasync(e.file); err != nil {
		return 0, fmt.Errorf("fsync segment %s: %w", e.name, err)
	}
	lsn := l.lsn
	e.index++
	e.free -= segment.EntrySize(len(group))
	l.lsn++
	l.prev = hash
	l.mu.Lock()
	l.used[len(l.used)-1].last = lsn
	l.mu.Unlock()
	return lsn, nil
}

// retire removes the segments that hold nothing newer than checkpointed, once this session
// has one that holds a group: LSN and hash of the last group must be found in the
// log at any time.
func (l *walLog) retire(checkpointed record.LSN) error {
	names := l.retirable(checkpointed)
	if len(names) == 0 {
		return nil
	}
	// If it fails they stay on the list: the next one must not go before them.
	if err := segment.Retire(l.dir, names...); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = l.used[len(names):]
	return nil
}

func (l *walLog) retirable(checkpointed record.LSN) (names []segment.Name) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.used) == 0 {
		return nil
	}
	newest := l.used[len(l.used)-1]
	if newest.old || newest.last == 0 {
		return nil
	}
	for _, e := range l.used[:len(l.used)-1] {
		if e.last > checkpointed {
			break
		}
		names = append(names, e.name)
	}
	return names
}

// backlog returns the number of segments that are not retired.
func (l *walLog) backlog() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.used)
}

// last returns the LSN of the last group.
func (l *walLog) last() record.LSN { return l.lsn - 1 }

// finish ends the log with a segment of its own that holds just one group, and
// retires all others: the next Open has little to read, and a closed journal takes
// little space. The group is durable before the others go.
func (l *walLog) finish(group []byte) error {
	l.dropNext()
	var hash uint64
	name, err := segment.Write(l.dir, l.number, func(salt uint64) []byte {
		hash = record.Seal(group, salt, l.lsn, l.prev)
		return group
	})
	if err != nil {
		return fmt.Errorf("make segment %d: %w", l.number, err)
	}
	l.mu.Lock()
	l.used = append(l.used, usedSegment{name: name, last: l.lsn})
	l.mu.Unlock()
	l.lsn, l.prev, l.number = l.lsn+1, hash, l.number+1
	return l.retire(l.lsn - 1)
}

// dropNext removes a segment that was made in vain.
func (l *walLog) dropNext() {
	if l.next == nil {
		return
	}
	if m := <-l.next; m.err == nil {
		l.leave(m.segment)
		l.number++
	}
	l.next = nil
}

// close closes the current segment, and removes one that was made in vain.
func (l *walLog) close() error {
	var errs []error
	if l.cur != nil {
		errs = append(errs, l.cur.close())
	}
	if l.next != nil {
		if m := <-l.next; m.err == nil {
			errs = append(errs, m.segment.close(), segment.Retire(l.dir, m.segment.name))
		}
	}
	return errors.Join(errs...)
}
