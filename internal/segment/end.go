package segment

import (
	"fmt"

	"github.com/forewrite/forewrite/journal/record"
)

// State says how a log ends.
type State uint8

// The states of a log's end.
const (
	Clean   State = iota // zeroes, or the end of the file
	Torn                 // bytes of a group that was never acknowledged
	Corrupt              // damage to acknowledged groups
	Newer                // a valid group of a newer format
)

var stateNames = [...]string{Clean: "clean", Torn: "torn", Corrupt: "corrupt", Newer: "newer format"}

// String returns the state in words.
func (s State) String() string { return stateNames[s] }

// End says where the valid groups of a log end, and how.
type End struct {
	State   State
	Segment Name
	Offset  int64      // of the first byte after the last valid group
	Length  int64      // number of bytes from there on, without the zeroes after them
	LSN     record.LSN // of the group that must follow
	Err     error      // what is wrong; nil when clean
}

// classify says how a log ends. It looks at the segments in order, and the first rule
// that applies counts, unless a later segment resumes the log:
//
//	evidence in a segment                                      end
//	---------------------------------------------------------  ------------
//	segments are missing before it                             corrupt
//	its file can't be read (too large, not a regular file)     corrupt
//	after the last valid group:
//	  nothing, or zeroes                                       (next segment)
//	  a valid group of a newer format                          newer format
//	  a valid group that does not continue the log             corrupt
//	  bad bytes, and a valid group after them                  corrupt
//	  bad bytes, and the search behind them was abandoned      corrupt
//	  bad bytes, and nothing valid after them                  torn
//	torn before, and it holds any bytes or can't be read       corrupt
//	torn or corrupt before, and its first group resumes        (next segment)
//
//	evidence in the whole log, when it is not corrupt or newer
//	---------------------------------------------------------  ------------
//	no checkpoint covers what is missing before the first group corrupt
//	a stray in the log directory                               corrupt
//	none of these                                              clean or torn
//
// A missing beginning is corruption because a segment is retired only after a mark
// that covers it is durable in a later segment.
func classify(segments []Summary, checkpoint record.LSN, strays []string) End {
	var end End
	var first, last record.LSN
	for i := range segments {
		s := &segments[i]
		if s.gap != nil && end.State == Clean {
			end = End{State: Corrupt, Segment: s.Name, LSN: last + 1, Err: s.gap}
		}
		if s.resumes {
			end = End{}
		}
		if s.Groups > 0 {
			if first == 0 {
				first = s.First
			}
			last = s.Last
		}
		switch {
		case end.State == Clean:
			end = s.end(last + 1)
		case end.State == Torn && (s.bad() > 0 || s.unread != nil):
			end.State, end.Err = Corrupt, fmt.Errorf("%w, and %w: %s", end.Err, ErrLater, s.Name)
		}
	}
	switch {
	case end.State != Clean && end.State != Torn:
	case first > checkpoint+1:
		return End{State: Corrupt, Segment: segments[0].Name, LSN: checkpoint + 1,
			Err: fmt.Errorf("%w: the log begins with group %d, but only groups up to %d are checkpointed", ErrMissing, first, checkpoint)}
	case len(strays) > 0:
		return End{State: Corrupt, LSN: last + 1, Err: fmt.Errorf("%w: %s", ErrStray, strays[0])}
	case end.State == Clean:
		return cleanEnd(segments, last+1)
	}
	return end
}

// end says how the log ends if this is its last segment and all was well before. next
// is the LSN of the group that must follow.
func (s *Summary) end(next record.LSN) End {
	end := End{Segment: s.Name, Offset: s.Used, Length: s.bad(), LSN: next, Err: s.flaw.err}
	switch {
	case s.unread != nil:
		end.State, end.Err = Corrupt, s.unread
	case s.flaw.kind == noFlaw:
		return End{}
	case s.flaw.kind == newerGroup:
		end.State = Newer
	case s.flaw.kind == badGroup:
		end.State = Corrupt
	case s.search != nil:
		end.State, end.Err = Corrupt, fmt.Errorf("%w, followed by %w", s.flaw.err, s.search)
	case s.stranded() > 0:
		end.State, end.Err = Corrupt, fmt.Errorf("%w, but group %d follows", s.flaw.err, s.stranded())
	default:
		end.State = Torn
	}
	return end
}

// cleanEnd is after the last group, or where the first one belongs.
func cleanEnd(segments []Summary, next record.LSN) End {
	end := End{LSN: next}
	for i, s := range segments {
		if i == 0 || s.Groups > 0 {
			end.Segment, end.Offset = s.Name, s.Used
		}
	}
	return end
}
