package logwriter

import (
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/tidwall/wal"
)

// ready is a segment that can be appended to: filled, durable and open.
type ready struct {
	name    segment.Name
	use     *inUse // once it is used
	engine  *wal.Log
	file    *os.File // to fsync by
	size    int64
	free    int64 // bytes that are filled and not written yet
	entries uint64
}

// made is the outcome of making a segment in the background.
type made struct {
	segment *ready
	err     error
}

// newSegment makes a segment ready to be appended to.
func newSegment(dir string, number uint64, size int64) (_ *ready, err error) {
	d, err := segment.NewDraft(dir, number)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Discard())
		}
	}()
	// The engine sees the file while it is empty: it takes zeroes for entries.
	// It does not fsync either: Append does, at the commit point.
	engine, err := wal.Open(d.Dir, &wal.Options{NoSync: true, AllowEmpty: true, SegmentSize: math.MaxInt})
	if err != nil {
		return nil, err
	}
	if err := d.Fill(size); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	if err := d.Publish(); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return &ready{name: d.Name, engine: engine, file: d.File, size: size, free: size}, nil
}

// close releases the segment's files. What was acknowledged is durable, so that an
// error here loses nothing.
func (s *ready) close() error { return errors.Join(s.engine.Close(), s.file.Close()) }

// Prepare begins to make the session's first segment, when it becomes likely that it
// is needed: a session that only reads writes nothing.
func (w *Writer) Prepare() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.started {
		w.makeAhead(min(FirstSize, w.maxSize))
	}
}

// Reserve makes sure that a group of size bytes, header included, can be appended. A
// mark may use space that is left for marks. When Reserve fails nothing has happened,
// and it can be tried again.
func (w *Writer) Reserve(size int, mark bool) error {
	need := segment.EntrySize(size)
	if !mark {
		need += markRoom
	}
	if w.current != nil && w.current.free >= need {
		if w.current.free < w.current.size/2 {
			w.mu.Lock()
			w.makeAhead(w.nextSize(0))
			w.mu.Unlock()
		}
		return nil
	}
	s, err := w.nextSegment(need)
	if err != nil {
		return fmt.Errorf("make segment %d: %w", w.next.Segment, err)
	}
	old := w.current
	w.mu.Lock()
	s.use = &inUse{name: s.name}
	w.current = s
	w.segments = append(w.segments, s.use)
	w.mu.Unlock()
	if old != nil {
		old.close() // all that it holds is durable
	}
	return nil
}

// nextSegment returns a ready segment with room for need bytes.
func (w *Writer) nextSegment(need int64) (*ready, error) {
	if m, ok := w.awaitAhead(); ok && m.err == nil {
		w.next.Segment++
		if m.segment.free >= need {
			return m.segment, nil
		}
		w.abandon(m.segment)
	}
	s, err := newSegment(w.dir, w.next.Segment, w.nextSize(need))
	if err == nil {
		w.next.Segment++
	}
	return s, err
}

// nextSize is the size of the next segment, which has room for need bytes.
func (w *Writer) nextSize(need int64) int64 {
	size := min(FirstSize, w.maxSize)
	if w.current != nil {
		size = min(4*w.current.size, w.maxSize)
	}
	return max(need, size)
}

// makeAhead makes the next segment in the background, unless that is being done. The
// caller holds w.mu.
func (w *Writer) makeAhead(size int64) {
	w.started = true
	if w.ahead != nil {
		return
	}
	w.ahead = make(chan made, 1)
	go func(ahead chan<- made, number uint64) {
		s, err := newSegment(w.dir, number, size)
		ahead <- made{s, err}
	}(w.ahead, w.next.Segment)
}

// awaitAhead waits for the segment that is made in the background, if one is. Prepare
// makes none any more then.
func (w *Writer) awaitAhead() (made, bool) {
	w.mu.Lock()
	ahead := w.ahead
	w.ahead, w.started = nil, true
	w.mu.Unlock()
	if ahead == nil {
		return made{}, false
	}
	return <-ahead, true
}

// abandonAhead leaves a segment that was made ahead unused.
func (w *Writer) abandonAhead() {
	if m, ok := w.awaitAhead(); ok && m.err == nil {
		w.abandon(m.segment)
		w.next.Segment++
	}
}

// abandon lists an unused segment, so that it is reclaimed after those before it.
func (w *Writer) abandon(s *ready) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.segments = append(w.segments, &inUse{name: s.name})
	s.close() // it holds nothing
}
