package segment

import (
	"errors"
	"testing"

	"github.com/forewrite/forewrite/journal/record"
)

// The rules of classify, one by one, without a file.
func TestClassify(t *testing.T) {
	t.Parallel()
	bad := errors.New("bad bytes")
	// good returns the summary of segment n with the valid groups first to last, each
	// of ten bytes, and then zeroes.
	good := func(n uint64, first, last record.LSN) Summary {
		groups := int(last - first + 1)
		used := int64(10 * groups)
		return Summary{Name: Name{Number: n, Salt: 1}, Size: used + 100, Used: used, Groups: groups, First: first, Last: last,
			Rest: []Span{{Kind: Zero, Offset: used, Length: 100}}}
	}
	unused := func(n uint64) Summary {
		return Summary{Name: Name{Number: n, Salt: 1}, Size: 100, Rest: []Span{{Kind: Zero, Length: 100}}}
	}
	// flawed adds five bytes with this flaw after the groups.
	flawed := func(s Summary, kind flawKind) Summary {
		s.flaw = flaw{kind, bad}
		s.Rest = []Span{{Kind: Unknown, Offset: s.Used, Length: 5}, {Kind: Zero, Offset: s.Used + 5, Length: 95}}
		return s
	}
	strandedAt := func(s Summary, lsn record.LSN) Summary {
		s.Rest[0] = Span{Kind: Unknown, Offset: s.Used, Length: 2}
		s.Rest = append(s.Rest[:1:1], Span{Kind: Stranded, Offset: s.Used + 2, Length: 3, Groups: 1, LSN: lsn})
		return s
	}
	with := func(s Summary, change func(*Summary)) Summary {
		change(&s)
		return s
	}
	gap := func(s *Summary) { s.gap = ErrMissing }
	unread := func(s *Summary) { s.unread = ErrTooLarge }
	resumes := func(s *Summary) { s.resumes = true }
	search := func(s *Summary) { s.search = ErrBudget }
	name := func(n uint64) Name { return Name{Number: n, Salt: 1} }

	for _, test := range []struct {
		name       string
		segments   []Summary
		checkpoint record.LSN
		strays     []string
		want       End // Err is compared with errors.Is
		also       error
	}{
		{name: "an empty log", want: End{LSN: 1}},
		{name: "only zeroes", segments: []Summary{unused(1)}, want: End{Segment: name(1), LSN: 1}},
		{name: "zeroes after the last group", segments: []Summary{good(1, 1, 3), good(2, 4, 4), unused(3)},
			want: End{Segment: name(2), Offset: 10, LSN: 5}},
		{name: "an unused segment in the middle", segments: []Summary{good(1, 1, 1), unused(2), good(3, 2, 2)},
			want: End{Segment: name(3), Offset: 10, LSN: 3}},
		{name: "bad bytes at the end", segments: []Summary{good(1, 1, 3), flawed(good(2, 4, 5), badBytes)},
			want: End{State: Torn, Segment: name(2), Offset: 20, Length: 5, LSN: 6, Err: bad}},
		{name: "bad bytes and a segment that is ready", segments: []Summary{flawed(good(1, 1, 3), badBytes), unused(2)},
			want: End{State: Torn, Segment: name(1), Offset: 30, Length: 5, LSN: 4, Err: bad}},
		{name: "bad bytes and bytes in a later segment", segments: []Summary{flawed(good(1, 1, 3), badBytes), flawed(unused(2), noFlaw)},
			want: End{State: Corrupt, Segment: name(1), Offset: 30, Length: 5, LSN: 4, Err: bad}, also: ErrLater},
		{name: "bad bytes and a later segment that can't be read", segments: []Summary{flawed(good(1, 1, 3), badBytes), with(Summary{Name: name(2)}, unread)},
			want: End{State: Corrupt, Segment: name(1), Offset: 30, Length: 5, LSN: 4, Err: bad}, also: ErrLater},
		{name: "bad bytes and a valid group after them", segments: []Summary{strandedAt(flawed(good(1, 1, 3), badBytes), 5)},
			want: End{State: Corrupt, Segment: name(1), Offset: 30, Length: 5, LSN: 4, Err: bad}},
		{name: "bad bytes and an abandoned search", segments: []Summary{with(flawed(good(1, 1, 3), badBytes), search)},
			want: End{State: Corrupt, Segment: name(1), Offset: 30, Length: 5, LSN: 4, Err: bad}, also: ErrBudget},
		{name: "a valid group that does not continue the log", segments: []Summary{flawed(good(1, 1, 3), badGroup)},
			want: End{State: Corrupt, Segment: name(1), Offset: 30, Length: 5, LSN: 4, Err: bad}},
		{name: "a newer group", segments: []Summary{flawed(good(1, 1, 3), newerGroup), flawed(unused(2), noFlaw)}, strays: []string{"x"},
			want: End{State: Newer, Segment: name(1), Offset: 30, Length: 5, LSN: 4, Err: bad}},
		{name: "a missing segment", segments: []Summary{good(1, 1, 3), with(unused(3), gap)},
			want: End{State: Corrupt, Segment: name(3), LSN: 4, Err: ErrMissing}},
		{name: "a missing segment after bad bytes", segments: []Summary{flawed(good(1, 1, 3), badBytes), with(unused(3), gap)},
			want: End{State: Torn, Segment: name(1), Offset: 30, Length: 5, LSN: 4, Err: bad}},
		{name: "a segment that can't be read", segments: []Summary{good(1, 1, 3), with(with(unused(2), unread), func(s *Summary) {
			s.Rest[0].Kind = Unknown
		})}, want: End{State: Corrupt, Segment: name(2), Length: 100, LSN: 4, Err: ErrTooLarge}},
		{name: "a segment resumes after bad bytes", segments: []Summary{flawed(good(1, 1, 3), badBytes), with(good(2, 4, 4), resumes)},
			want: End{Segment: name(2), Offset: 10, LSN: 5}},
		{name: "a segment resumes after corruption", segments: []Summary{flawed(good(1, 1, 3), badGroup), unused(2), with(good(3, 4, 4), resumes)},
			want: End{Segment: name(3), Offset: 10, LSN: 5}},
		{name: "a segment resumes after a gap and then ends torn", segments: []Summary{good(1, 1, 3), with(flawed(good(3, 4, 4), badBytes), func(s *Summary) {
			gap(s)
			resumes(s)
		})}, want: End{State: Torn, Segment: name(3), Offset: 10, Length: 5, LSN: 5, Err: bad}},
		{name: "a beginning that a checkpoint covers", segments: []Summary{good(4, 7, 9)}, checkpoint: 6,
			want: End{Segment: name(4), Offset: 30, LSN: 10}},
		{name: "a beginning that no checkpoint covers", segments: []Summary{good(4, 7, 9)}, checkpoint: 5,
			want: End{State: Corrupt, Segment: name(4), LSN: 6, Err: ErrMissing}},
		{name: "a torn tail hides no missing beginning", segments: []Summary{flawed(good(4, 7, 9), badBytes)}, checkpoint: 5,
			want: End{State: Corrupt, Segment: name(4), LSN: 6, Err: ErrMissing}},
		{name: "a stray", segments: []Summary{good(1, 1, 3)}, strays: []string{"x"}, want: End{State: Corrupt, LSN: 4, Err: ErrStray}},
		{name: "a stray beside a torn tail", segments: []Summary{flawed(good(1, 1, 3), badBytes)}, strays: []string{"x"},
			want: End{State: Corrupt, LSN: 4, Err: ErrStray}},
		{name: "a stray beside corruption", segments: []Summary{flawed(good(1, 1, 3), badGroup)}, strays: []string{"x"},
			want: End{State: Corrupt, Segment: name(1), Offset: 30, Length: 5, LSN: 4, Err: bad}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := classify(test.segments, test.checkpoint, test.strays)
			if !errors.Is(got.Err, test.want.Err) || test.also != nil && !errors.Is(got.Err, test.also) {
				t.Errorf("error %v, want %v and %v", got.Err, test.want.Err, test.also)
			}
			got.Err, test.want.Err = nil, nil
			if got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}
