package journal

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/walfile"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/tidwall/wal"
)

// walLog appends groups to epochs. One goroutine at a time may reserve and write.
type walLog struct {
	dir     string // of the epochs
	maxSize int64  // to which epochs grow

	cur  *epoch
	lsn  record.LSN // of the next group
	prev uint64     // hash of the last group

	next chan made // the epoch being made in the background; nil when none is

	mu   sync.Mutex
	used []usedEpoch // not retired, the current one last
}

// usedEpoch says what an epoch on disk holds.
type usedEpoch struct {
	name walfile.Name
	last record.LSN // 0 while it holds nothing
}

// epoch is a ready epoch: filled, durable, and open for appending.
type epoch struct {
	name  walfile.Name
	wal   *wal.Log
	file  *os.File // to fsync by
	size  int64
	free  int64 // bytes that are filled and not written yet
	index uint64
}

type made struct {
	epoch *epoch
	err   error
}

// makeEpoch makes an epoch ready to be appended to, so that switching to it costs
// nothing and a full disk fails here, not in the middle of a commit.
func makeEpoch(logDir string, number uint64, size int64) (_ *epoch, err error) {
	d, err := walfile.NewDraft(logDir, number)
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
	return &epoch{name: d.Name, wal: w, file: d.File, size: size, free: size}, nil
}

// close releases the epoch's files. What was acknowledged is durable, so that an
// error here loses nothing.
func (e *epoch) close() error { return errors.Join(e.wal.Close(), e.file.Close()) }

// openLog makes the first epoch of a session.
func openLog(dir string, number uint64, lsn record.LSN, prev uint64, maxSize int64) (*walLog, error) {
	l := &walLog{dir: dir, maxSize: maxSize, lsn: lsn, prev: prev}
	e, err := makeEpoch(dir, number, min(firstEpochSize, maxSize))
	if err != nil {
		return nil, fmt.Errorf("make epoch %d: %w", number, err)
	}
	l.use(e)
	return l, nil
}

func (l *walLog) use(e *epoch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cur = e
	l.used = append(l.used, usedEpoch{name: e.name})
}

// markRoom is left free in each epoch for marks: when the disk is full and no
// next epoch can be made, a checkpoint still can be noted, which makes room.
const markRoom = 1 << 10

// reserve makes sure that a group of size bytes, header included, can be written.
// When it fails nothing has happened, and it can be tried again.
func (l *walLog) reserve(size int, mark bool) error {
	need := walfile.EntrySize(size)
	if !mark {
		need += markRoom
	}
	if l.cur.free >= need {
		l.ahead()
		return nil
	}
	e, err := l.nextEpoch(need)
	if err != nil {
		return fmt.Errorf("make epoch %d: %w", l.cur.name.Number+1, err)
	}
	old := l.cur
	l.use(e)
	old.close()
	return nil
}

// ahead begins to make the next epoch when the current one is half full.
func (l *walLog) ahead() {
	if l.next != nil || l.cur.free > l.cur.size/2 {
		return
	}
	l.next = make(chan made, 1)
	go func(next chan<- made, number uint64, size int64) {
		e, err := makeEpoch(l.dir, number, size)
		next <- made{e, err}
	}(l.next, l.cur.name.Number+1, l.nextSize(0))
}

func (l *walLog) nextSize(need int64) int64 { return max(need, min(4*l.cur.size, l.maxSize)) }

// nextEpoch returns a ready epoch with room for need bytes.
func (l *walLog) nextEpoch(need int64) (*epoch, error) {
	number := l.cur.name.Number + 1
	if l.next != nil {
		m := <-l.next
		l.next = nil
		if m.err == nil && m.epoch.free >= need {
			return m.epoch, nil
		}
		if m.err == nil { // too small for this one; it stays behind, unused
			l.mu.Lock()
			l.used = append(l.used, usedEpoch{name: m.epoch.name})
			l.mu.Unlock()
			m.epoch.close()
			number++
		}
	}
	return makeEpoch(l.dir, number, l.nextSize(need))
}

// write seals the group and makes it durable: when it returns, a crash can't take
// it back. After an error nothing is known about what is on disk: a later write
// could even succeed and leave a hole before it. The caller must not write again.
func (l *walLog) write(group []byte) (record.LSN, error) {
	e := l.cur
	hash := record.Seal(group, e.name.Salt, l.lsn, l.prev)
	if err := e.wal.Write(e.index+1, group); err != nil {
		return 0, fmt.Errorf("write group %d to epoch %s: %w", l.lsn, e.name, err)
	}
	// The commit point: before it, a power loss may leave nothing of the group,
	// or any part of it, which recovery takes for a torn tail.
	if err := fsx.Datasync(e.file); err != nil {
		return 0, fmt.Errorf("fsync epoch %s: %w", e.name, err)
	}
	lsn := l.lsn
	e.index++
	e.free -= walfile.EntrySize(len(group))
	l.lsn++
	l.prev = hash
	l.mu.Lock()
	l.used[len(l.used)-1].last = lsn
	l.mu.Unlock()
	return lsn, nil
}

// retire removes the epochs that hold nothing newer than through. The current one
// stays: LSN and hash of the last group must be found in the log.
func (l *walLog) retire(through record.LSN) error {
	l.mu.Lock()
	var names []walfile.Name
	for len(l.used) > 1 && l.used[0].last <= through && l.used[len(l.used)-1].last > 0 {
		names = append(names, l.used[0].name)
		l.used = l.used[1:]
	}
	l.mu.Unlock()
	if len(names) == 0 {
		return nil
	}
	return walfile.Retire(l.dir, names...)
}

// backlog returns the number of epochs that are not retired.
func (l *walLog) backlog() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.used)
}

// close closes the current epoch and removes one that was made in vain.
func (l *walLog) close() error {
	err := l.cur.close()
	if l.next != nil {
		if m := <-l.next; m.err == nil {
			m.epoch.close()
			err = errors.Join(err, walfile.Retire(l.dir, m.epoch.name))
		}
	}
	return err
}
