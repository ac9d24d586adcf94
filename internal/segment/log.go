package segment

import (
	"github.com/forewrite/forewrite/journal/record"
)

// Group is one valid group of the log.
type Group struct {
	Segment Name
	Offset  int64 // of its entry within the segment's file
	Size    int64 // of its entry, the length before it included

	Header  record.Header
	Payload []byte         // valid only until the visit returns
	Content record.Content // the payload decoded; inline payloads alias it
}

// Log is what Scan found.
type Log struct {
	Listing
	Files []Info // one for each of Listing.Segments
	End   End

	Groups        int        // valid groups, up to End
	First, Last   record.LSN // of these; 0 when there are none
	Prev          uint64     // hash of the last one
	CheckpointLSN record.LSN // highest of the marks
	LastTx        record.TxID
	Closed        bool // the last record is a close record
}

// Next returns the LSN of the group that comes next.
func (l *Log) Next() record.LSN { return l.Last + 1 }

// Segment is one segment's file.
type Info struct {
	Name    Name
	Missing bool  // the directory is there without its file: never used
	Size    int64 // of the file, in bytes
	Used    int64 // bytes up to the end of the last valid group
	Groups  int   // valid groups that continue the log
	First   record.LSN
	Last    record.LSN
	Rest    []Span // what lies between Used and Size, without a gap
}

// State says how a log ends.
type State uint8

// The states of a log's end.
const (
	Clean   State = iota // zeroes, or the end of the file
	Torn                 // bytes of a group that was never acknowledged
	Corrupt              // damage to groups that had been acknowledged
	Newer                // a valid group of a newer format
)

var stateNames = [...]string{Clean: "clean", Torn: "torn", Corrupt: "corrupt", Newer: "newer format"}

func (s State) String() string { return stateNames[s] }

// MarshalText makes a State its String in JSON.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// End is where the valid groups of a log end, and how.
type End struct {
	State   State
	Segment Name
	Offset  int64      // of the first byte after the last valid group
	Length  int64      // bytes from there on, without the zeroes after them
	LSN     record.LSN // of the group that should stand there
	Err     error      // what is wrong; nil when clean
}

// SpanKind says what a range of bytes in a segment's file is.
type SpanKind uint8

// The kinds of spans after the last valid group.
const (
	Zero     SpanKind = iota // filled in beforehand, never written
	Unknown                  // torn or damaged
	Stranded                 // whole groups that the log does not reach any more
)

var spanNames = [...]string{Zero: "zero", Unknown: "unknown", Stranded: "stranded"}

func (k SpanKind) String() string { return spanNames[k] }

// MarshalText makes a SpanKind its String in JSON.
func (k SpanKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Span is a range of bytes in a segment's file.
type Span struct {
	Kind   SpanKind
	Offset int64
	Length int64
	Groups int        // Stranded: how many
	LSN    record.LSN // Stranded: of the first
}
