package segment

import (
	"github.com/forewrite/forewrite/journal/record"
)

// Group is one valid group of the log.
type Group struct {
	Segment Name
	Offset  int64 // of its entry in the segment's file, in bytes
	Size    int64 // of its entry in bytes, including the length before the group

	Header  record.Header
	Payload []byte         // valid only until visit returns
	Content record.Content // the decoded payload; inline payloads alias Payload
}

// Log is the result of [Scan].
type Log struct {
	Listing
	Files []Summary // one for each of Listing.Segments
	End   End

	Groups        int         // number of valid groups before End
	First, Last   record.LSN  // of these groups; 0 when there are none
	Prev          uint64      // hash of the last of them
	CheckpointLSN record.LSN  // the highest in a mark
	LastTx        record.TxID // the highest in a transaction or mark
	Closed        bool        // the last record is a close record
}

// Next returns the LSN of the group that comes next.
func (l *Log) Next() record.LSN { return l.Last + 1 }

// SpanKind says what a range of bytes in a segment's file is.
type SpanKind uint8

// The kinds of spans after the last valid group.
const (
	Zero     SpanKind = iota // written when the segment was made, and not used yet
	Unknown                  // torn or damaged
	Stranded                 // valid groups after the end of the log
)

var spanNames = [...]string{Zero: "zero", Unknown: "unknown", Stranded: "stranded"}

// String returns the kind in a word.
func (k SpanKind) String() string { return spanNames[k] }

// Span is a range of bytes in a segment's file.
type Span struct {
	Kind   SpanKind
	Offset int64
	Length int64
	Groups int        // number of groups in a Stranded span
	LSN    record.LSN // of the first group in a Stranded span
}
