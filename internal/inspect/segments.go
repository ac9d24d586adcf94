package inspect

import (
	"slices"

	"github.com/forewrite/forewrite/internal/inspect/wording"
	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Segment is a segment's file.
type Segment struct {
	Name   segment.Name `json:"name"`
	Size   int64        `json:"size"`
	Used   int64        `json:"used"`
	Groups int          `json:"groups"`
	First  record.LSN   `json:"first,omitempty"`
	Last   record.LSN   `json:"last,omitempty"`
	Spans  []Span       `json:"spans"`
}

// The kinds of spans.
var (
	SpanGroups   = "groups"
	SpanZero     = segment.Zero.String()
	SpanUnknown  = segment.Unknown.String()
	SpanStranded = segment.Stranded.String()
)

// SpanNames describes the kinds of spans for people.
var SpanNames = map[string]string{
	SpanGroups:   "groups",
	SpanZero:     "zeroes",
	SpanUnknown:  "torn or damaged",
	SpanStranded: "valid groups after the damage",
}

// Span is a range of bytes in a segment's file.
type Span struct {
	Kind   string     `json:"kind"` // "groups", "zero", "unknown" or "stranded"
	Offset int64      `json:"offset"`
	Length int64      `json:"length"`
	Groups int        `json:"groups,omitempty"`
	LSN    record.LSN `json:"lsn,omitempty"` // of the first
}

func segmentOf(e *segment.Summary) Segment {
	s := Segment{Name: e.Name, Size: e.Size, Used: e.Used, Groups: e.Groups, First: e.First, Last: e.Last, Spans: []Span{}}
	if e.Used > 0 {
		s.Spans = append(s.Spans, Span{Kind: SpanGroups, Length: e.Used, Groups: e.Groups, LSN: e.First})
	}
	for _, r := range e.Rest {
		s.Spans = append(s.Spans, Span{r.Kind.String(), r.Offset, r.Length, r.Groups, r.LSN})
	}
	return s
}

// Range returns the groups that the segment holds, in words.
func (s *Segment) Range() string {
	if s.Groups == 0 {
		return "unused"
	}
	return wording.LSNs(s.First, s.Last)
}

func (s *Segment) damaged() bool {
	return slices.ContainsFunc(s.Spans, func(p Span) bool { return p.Kind != SpanGroups && p.Kind != SpanZero })
}

// maxSegments is how many segments fit on a screen with all else.
const maxSegments = 12

// ShortList selects the newest segments and, of the others, those with damage.
func ShortList(segments []Segment) (shown []Segment, omitted int) {
	for i, s := range segments {
		if i >= len(segments)-maxSegments || s.damaged() {
			shown = append(shown, s)
		} else {
			omitted++
		}
	}
	return shown, omitted
}
