// Package logwriter appends groups to the log. It is the only user of tidwall/wal,
// which serves as the append engine and nothing else: the engine only ever opens a
// fresh, empty segment, so that its recovery, its truncation and its reading never
// run.
//
// A segment is made ready in the background before it is needed: filled with zeroes,
// fsynced and published. So switching to it costs nothing, appending overwrites blocks
// that are allocated and costs no commit of the file system's own journal, and a full
// disk fails while the segment is made, not in the middle of a commit.
//
// # Locks
//
// One goroutine at a time calls Reserve and Append: the leader of the commit pipeline.
// Close and Finish come after the last of them. [Writer.mu] guards what others read or
// change meanwhile (Prepare, Reclaim, Segments); no other lock is acquired under it.
package logwriter

import (
	"errors"
	"fmt"
	"sync"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
	"github.com/tidwall/wal"
)

// FirstSize is the size in bytes of a session's first segment, unless the largest size
// is smaller. The next ones grow, so that a session that writes little costs little.
const FirstSize = 256 << 10

// markRoom is left free in each segment for marks: when the disk is full and no next
// segment can be made, a checkpoint can still be noted, and that frees space.
const markRoom = 1 << 10

// Position is where a log continues.
type Position struct {
	Segment uint64     // number of the next segment
	LSN     record.LSN // of the next group
	Prev    uint64     // hash of the last group
}

// Writer appends groups to the log.
type Writer struct {
	dir     string
	maxSize int64 // to which segments grow

	current *ready    // nil until the session's first group
	batch   wal.Batch // of one group: its buffer outlives a segment, the engine's own does not
	next    Position

	mu       sync.Mutex
	started  bool       // a segment was made or is being made, or none will be
	ahead    chan made  // the segment being made in the background; nil when there is none
	segments []*inUse   // on disk, in the order of their numbers
	newest   *inUse     // of them, the one with the last group of this session; nil before
	last     record.LSN // of the last group
}

// inUse is a segment on disk.
type inUse struct {
	name segment.Name
	last record.LSN // 0 while it holds nothing
}

// New continues the log in dir at next. The segments in old were written by earlier
// sessions and hold nothing that is needed but the hash of the last group. Nothing is
// written yet.
func New(dir string, next Position, old []segment.Name, maxSize int64) *Writer {
	w := &Writer{dir: dir, maxSize: maxSize, next: next, last: next.LSN - 1}
	for _, name := range old {
		w.segments = append(w.segments, &inUse{name: name, last: w.last})
	}
	return w
}

// LastLSN returns the LSN of the last group.
func (w *Writer) LastLSN() record.LSN {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// Segments returns the number of segments on disk.
func (w *Writer) Segments() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.segments)
}

// Append seals the group, for which there must be room, and makes it durable: when it
// returns, a crash can't take the group back. After an error nothing is known about
// what is on disk, and a later write could succeed and leave a hole before it: the
// caller must not append again.
func (w *Writer) Append(group []byte) (record.LSN, error) {
	s, lsn := w.current, w.next.LSN
	hash := record.Seal(group, s.name.Salt, lsn, w.next.Prev)
	w.batch.Clear()
	w.batch.Write(s.entries+1, group)
	if err := s.engine.WriteBatch(&w.batch); err != nil {
		return 0, fmt.Errorf("write group %d to segment %s: %w", lsn, s.name, err)
	}
	// The commit point: before it, a power loss may leave nothing of the group,
	// or any part of it, which recovery takes for a torn tail.
	if err := fsx.Datasync(s.file); err != nil {
		return 0, fmt.Errorf("fsync segment %s: %w", s.name, err)
	}
	s.entries++
	s.free -= segment.EntrySize(len(group))
	w.next.LSN, w.next.Prev = lsn+1, hash
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = lsn
	s.use.last = lsn
	w.newest = s.use
	return lsn, nil
}

// Finish ends the log with a segment of its own that holds just one group, and
// reclaims all others: the next open has little to read, and a closed journal takes
// little space. The group is durable before the others are removed.
func (w *Writer) Finish(group []byte) error {
	w.abandonAhead()
	var hash uint64
	name, err := segment.Write(w.dir, w.next.Segment, func(salt uint64) []byte {
		hash = record.Seal(group, salt, w.next.LSN, w.next.Prev)
		return group
	})
	if err != nil {
		return fmt.Errorf("make segment %d: %w", w.next.Segment, err)
	}
	last := w.next.LSN
	w.next = Position{Segment: w.next.Segment + 1, LSN: last + 1, Prev: hash}
	w.mu.Lock()
	w.last = last
	w.newest = &inUse{name: name, last: last}
	w.segments = append(w.segments, w.newest)
	w.mu.Unlock()
	return w.Reclaim(last)
}

// Close closes the current segment, and removes one that was made ahead and not used.
func (w *Writer) Close() error {
	var errs []error
	if m, ok := w.awaitAhead(); ok && m.err == nil {
		errs = append(errs, m.segment.close(), segment.Retire(w.dir, m.segment.name))
	}
	if w.current != nil {
		errs = append(errs, w.current.close())
	}
	return errors.Join(errs...)
}
