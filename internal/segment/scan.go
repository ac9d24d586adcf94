package segment

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/forewrite/forewrite/internal/fsx"
	"github.com/forewrite/forewrite/journal/record"
)

// Options for Scan. The zero value only reads.
type Options struct {
	// Settle fsyncs each file and drops its pages from the cache before it is read.
	// After a failed fsync the cache can show what the disk does not have.
	Settle bool
}

// Scan reads the log under logDir, one segment at a time, and calls visit for each
// valid group in order; visit may be nil. Bad bytes are no error: Log.End tells of
// them. Errors are those of reading, of the context and of visit.
//
// It needs memory for the largest segment, MaxSize at most. It takes no lock: while
// the owner writes, the end that it sees can look torn.
func Scan(ctx context.Context, logDir string, opts Options, visit func(Group) error) (*Log, error) {
	s := &scanner{ctx: ctx, dir: logDir, opts: opts, visit: visit}
	var err error
	if s.Listing, err = List(logDir); err != nil {
		return nil, err
	}
	for i, name := range s.Segments {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if i > 0 && name.Number != s.Segments[i-1].Number+1 {
			s.fail(Corrupt, name, 0, 0, fmt.Errorf("%w: %s comes after %s", ErrMissing, name, s.Segments[i-1]))
		}
		if err := s.segment(name); err != nil {
			return nil, err
		}
	}
	s.finish()
	return &s.Log, nil
}

type scanner struct {
	Log
	ctx   context.Context
	dir   string
	opts  Options
	visit func(Group) error
	buf   []byte // of the segment before, to be used again
}

// segment reads one segment. The log continues in it as long as all was well before.
func (s *scanner) segment(name Name) error {
	e := Info{Name: name}
	data, err := s.read(&e)
	if errors.Is(err, ErrTooLarge) || errors.Is(err, ErrStray) {
		s.refuse(e, err)
		return nil
	}
	if err != nil {
		return err
	}
	var bad error
	s.resume(name, data)
	ended := s.End.State != Clean
	if !ended {
		if bad, err = s.walk(&e, data); err != nil {
			return err
		}
	}
	rest, searchErr := survey(data, int(e.Used), name.Salt, s.Last)
	e.Rest = rest
	s.Files = append(s.Files, e)
	s.judge(&e, bad, ended, searchErr)
	return nil
}

// resume forgets what was wrong before a segment whose first group continues the
// log: it proves that nothing is missing. So ends every recovery that dropped bytes,
// by a segment after them, and one that crashed then has only to be tidied up. If the
// groups that it continues are retired by then, its mark proves the same.
func (s *scanner) resume(name Name, data []byte) {
	if s.End.State != Torn && s.End.State != Corrupt || len(data) == 0 {
		return
	}
	g, err := s.next(name, data, 0)
	if err != nil {
		return
	}
	if g.Header.LSN == s.Last+1 && g.Header.Prev == s.Prev || s.Groups == 0 && coversAll(&g) {
		s.End = End{}
	}
}

// coversAll reports whether the group says that all before it is applied.
func coversAll(g *Group) bool {
	for _, r := range g.Content.Marks {
		if r.Mark.CheckpointLSN == g.Header.LSN-1 {
			return true
		}
	}
	return false
}

// refuse counts in a segment whose file is not going to be read.
func (s *scanner) refuse(e Info, err error) {
	if e.Size > 0 {
		e.Rest = []Span{{Kind: Unknown, Length: e.Size}}
	}
	s.Files = append(s.Files, e)
	if s.End.State == Torn {
		s.later(&e)
	}
	s.fail(Corrupt, e.Name, 0, e.Size, err)
}

// walk visits the valid groups that data begins with. Why it ends before the end
// of data is bad, nil for zeroes.
func (s *scanner) walk(e *Info, data []byte) (bad, err error) {
	for at := 0; at < len(data); at = int(e.Used) {
		if data[at] == 0 && trimZeroes(data[at:]) == 0 {
			return nil, nil
		}
		if err := s.ctx.Err(); err != nil {
			return nil, err
		}
		g, bad := s.next(e.Name, data, at)
		if bad != nil {
			return bad, nil
		}
		s.take(e, &g)
		if s.visit != nil {
			if err := s.visit(g); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

// next returns the group at data[at:], if it is the one that continues the log.
func (s *scanner) next(segment Name, data []byte, at int) (Group, error) {
	group, size, err := entry(data[at:])
	if err != nil {
		return Group{}, err
	}
	if isNewer(group, segment.Salt) {
		return Group{}, &wholeError{fmt.Errorf("%w: group of version %d, this is version %d", record.ErrVersion, group[3], record.Version)}
	}
	g := Group{Segment: segment, Offset: int64(at), Size: int64(size)}
	if g.Header, g.Payload, err = record.OpenGroup(group, segment.Salt); err != nil {
		return Group{}, err
	}
	if err := s.continues(g.Header); err != nil {
		return Group{}, err
	}
	if g.Content, err = record.Parse(g.Payload); err != nil {
		return Group{}, &wholeError{err}
	}
	for _, r := range g.Content.Marks {
		if r.Mark.CheckpointLSN >= g.Header.LSN {
			return Group{}, &wholeError{fmt.Errorf("%w: group %d says that %d is applied", record.ErrFormat, g.Header.LSN, r.Mark.CheckpointLSN)}
		}
	}
	return g, nil
}

// continues checks a whole group's place in the log. The first group there is may
// have any, as the segments before it are retired in time.
func (s *scanner) continues(h record.Header) error {
	switch first := s.Groups == 0; {
	case h.LSN == 0, h.LSN <= s.Last:
		return fmt.Errorf("%w: %d after %d", ErrSequence, h.LSN, s.Last)
	case !first && h.LSN != s.Last+1:
		return &wholeError{fmt.Errorf("%w: %d after %d", ErrSequence, h.LSN, s.Last)}
	case !first && h.Prev != s.Prev, h.LSN == 1 && h.Prev != 0:
		return &wholeError{fmt.Errorf("%w: group %d follows %016x, the one before is %016x", ErrChain, h.LSN, h.Prev, s.Prev)}
	}
	return nil
}

// take counts a group in.
func (s *scanner) take(e *Info, g *Group) {
	if s.Groups == 0 {
		s.First = g.Header.LSN
	}
	if e.Groups == 0 {
		e.First = g.Header.LSN
	}
	s.Groups++
	e.Groups++
	s.Last, e.Last = g.Header.LSN, g.Header.LSN
	s.Prev = g.Header.Hash
	e.Used = g.Offset + g.Size
	s.Closed = false
	for _, tx := range g.Content.Txs {
		s.LastTx = max(s.LastTx, tx.ID)
	}
	for _, r := range g.Content.Marks {
		s.CheckpointLSN = max(s.CheckpointLSN, r.Mark.CheckpointLSN)
		s.LastTx = max(s.LastTx, r.Mark.LastTx)
		s.Closed = r.Kind == record.KindClose && r.Offset+r.Size == len(g.Payload)
	}
}

// wholeError is about a group that is whole, and so cannot be part of a torn tail.
type wholeError struct{ err error }

func (e *wholeError) Error() string { return e.err.Error() }
func (e *wholeError) Unwrap() error { return e.err }

// judge decides what it means that a segment does not just end in zeroes.
func (s *scanner) judge(e *Info, bad error, ended bool, searchErr error) {
	length := int64(0)
	stranded := record.LSN(0)
	for _, span := range e.Rest {
		if span.Kind != Zero {
			length = span.Offset + span.Length - e.Used
		}
		if span.Kind == Stranded {
			stranded = span.LSN
		}
	}
	var whole *wholeError
	switch {
	case ended:
		if length > 0 && s.End.State == Torn {
			s.later(e)
		}
	case bad == nil:
	case errors.Is(bad, record.ErrVersion) && errors.As(bad, &whole):
		s.fail(Newer, e.Name, e.Used, length, bad)
	case errors.As(bad, &whole):
		s.fail(Corrupt, e.Name, e.Used, length, bad)
	case searchErr != nil:
		s.fail(Corrupt, e.Name, e.Used, length, fmt.Errorf("%w, and then %w", bad, searchErr))
	case stranded > 0:
		s.fail(Corrupt, e.Name, e.Used, length, fmt.Errorf("%w, but group %d follows", bad, stranded))
	default:
		s.fail(Torn, e.Name, e.Used, length, bad)
	}
}

// later makes a torn tail corruption, as segment e was written after it.
func (s *scanner) later(e *Info) {
	s.End.State = Corrupt
	s.End.Err = fmt.Errorf("%w, and %w: %s", s.End.Err, ErrLater, e.Name)
}

// finish judges the log as a whole.
func (s *scanner) finish() {
	torn := s.End.State == Clean || s.End.State == Torn
	switch {
	case torn && s.Groups > 0 && s.First > s.CheckpointLSN+1:
		// A segment is retired only after a mark that covers it is durable in a later one.
		s.End = End{State: Corrupt, Segment: s.Segments[0], LSN: s.CheckpointLSN + 1,
			Err: fmt.Errorf("%w: the log begins with group %d, and only up to %d all is applied", ErrMissing, s.First, s.CheckpointLSN)}
	case torn && len(s.Strays) > 0:
		s.End = End{State: Corrupt, LSN: s.Last + 1, Err: fmt.Errorf("%w: %s", ErrStray, s.Strays[0])}
	case s.End.State == Clean:
		s.End = s.cleanEnd()
	}
}

// cleanEnd is behind the last group, or where the first one should stand.
func (s *scanner) cleanEnd() End {
	end := End{LSN: s.Last + 1}
	for i, e := range s.Files {
		if i == 0 || e.Groups > 0 {
			end.Segment, end.Offset = e.Name, e.Used
		}
	}
	return end
}

// fail records the first thing that is wrong.
func (s *scanner) fail(state State, segment Name, offset, length int64, err error) {
	if s.End.State == Clean {
		s.End = End{State: state, Segment: segment, Offset: offset, Length: length, LSN: s.Last + 1, Err: err}
	}
}

// read returns the content of a segment's file, until the next call.
func (s *scanner) read(e *Info) ([]byte, error) {
	file, err := Open(s.dir, e.Name, s.opts.Settle)
	if errors.Is(err, ErrNoFile) {
		e.Missing = true
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if s.opts.Settle {
		// What a crash left in the cache must be on the disk before it is believed.
		if err := file.Sync(); err != nil {
			return nil, err
		}
		fsx.DropCache(file)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if e.Size = info.Size(); e.Size > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, e.Size)
	}
	if int64(cap(s.buf)) < e.Size {
		s.buf = make([]byte, e.Size)
	}
	n, err := io.ReadFull(file, s.buf[:e.Size])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		e.Size, err = int64(n), nil // cut while it was read
	}
	return s.buf[:n], err
}
